import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseConfig } from '../../../../shared/config/load-config.ts';

const auth = { type: 'password', secret: 'ferry/erp' };
const sources = { erp: { type: 'postgres', host: 'erp.example.org', database: 'erp', auth } };

const parse = (endpoint: string) =>
  parseConfig(stringify({ version: 1, sources, telemetry: { endpoint } }), 'ferry.yaml').telemetry?.endpoint;

it.each([
  'https://collector.example.org:4318',
  'http://[fd00::1]:4318/',
  'https://example.org/otlp?tenant=a',
])('%s is where a collector may be', (endpoint) => {
  expect(parse(endpoint)).toBe(endpoint);
});

it.each([
  ['https://collector.example.org/v1/traces', 'which Ferry adds'],
  ['https://collector.example.org/otlp/v1/logs/', 'which Ferry adds'],
  ['https://anna:geheim@collector.example.org', 'holds no secrets'],
  ['grpc://collector.example.org:4317', 'a URL such as https://'],
  ['collector.example.org:4318', 'a URL such as https://'],
])('%s is refused', (endpoint, expected) => {
  expect(() => parse(endpoint)).toThrow(expected);
});
