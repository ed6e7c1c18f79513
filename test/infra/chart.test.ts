import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

// What needs no Helm; test/e2e/long/chart.long.test.ts renders the chart.

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

const schema = JSON.parse(read('charts/ferry/values.schema.json'));
const values = parse(read('charts/ferry/values.yaml'));
const chart = parse(read('charts/ferry/Chart.yaml'));
const validate = new Ajv({ allErrors: true, strictTypes: false }).compile(schema);

/** The paths of all values, with those of objects within. */
function pathsOf(node: Record<string, unknown>, prefix = ''): string[] {
  return Object.entries(node).flatMap(([name, value]) => {
    const isGroup =
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
    return isGroup ? pathsOf(value as Record<string, unknown>, `${prefix}${name}.`) : [`${prefix}${name}`];
  });
}

interface Schema {
  properties?: Record<string, Schema>;
}
function pathsOfSchema({ properties }: Schema, prefix = ''): string[] {
  return Object.entries(properties ?? {}).flatMap(([name, schema]) =>
    schema.properties ? pathsOfSchema(schema, `${prefix}${name}.`) : [`${prefix}${name}`],
  );
}

describe('values.schema.json', () => {
  it('matches the defaults, and contains all of them and nothing else', () => {
    validate(values);
    expect(validate.errors ?? []).toEqual([]);
    const known = pathsOfSchema(schema).filter((path) => path !== 'global');
    expect(known.sort()).toEqual(pathsOf(values).sort());
  });

  it('accepts the connector’s values, and contains all of them', () => {
    const connector = parse(read('test/fixtures/polyteia-db-connector/values.yaml'));
    validate(connector);
    expect(validate.errors ?? []).toEqual([]);
    expect(Object.keys(values).slice(0, Object.keys(connector).length)).toEqual(Object.keys(connector));
  });

  it.each([
    ['replicas', '2'],
    ['config', ['version: 1']],
    ['env', [{ name: 'HEALTH_CHECK_PORT', value: 8080 }]],
    ['state', { s3: { bucket: 's3://ferry' } }],
    ['state', { s3: { endpoint: 's3.example.org' } }],
    ['tmp', { sizeLimit: '2 GB' }],
    ['api', { port: 0 }],
    ['networkPolicy', { policyTypes: ['egress'] }],
    ['nodeSelectors', {}],
  ])('refuses %s: %j', (name, value) => {
    expect(validate({ [name]: value })).toBe(false);
  });
});

it('Chart.yaml and the Dockerfile have the version of package.json', () => {
  const { version } = JSON.parse(read('package.json'));
  expect([chart.version, chart.appVersion]).toEqual([version, version]);
  expect(read('Dockerfile')).toContain(`ARG VERSION=${version}\n`);
});
