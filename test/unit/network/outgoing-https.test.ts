import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificatesIn } from '../../../shared/config/certificates.ts';
import { parseDeployedConfig, selectForFunction } from '../../../shared/config/deployment/deployed-config.ts';
import type { SyncFunctionPlan } from '../../../shared/config/deployment/job-functions.ts';
import { loadConfig, parseConfig } from '../../../shared/config/load-config.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { explainHttpsFailure, trustExtraCa } from '../../../shared/network/outgoing-https.ts';

const withTop = (top: string) => `version: 1
${top}
sources:
  erp: { type: postgres, host: h, database: d, auth: { type: password, secret: s } }
`;
const example = new URL('../../../examples/company-ca.pem', import.meta.url);
const fingerprintOf = (pem: string) => new X509Certificate(pem).fingerprint256;
const pemOfExample = async () => `${certificatesIn(await readFile(example, 'utf8'))[0]}\n`;

describe('proxy', () => {
  it.each(['http://proxy.example.org:3128', 'https://proxy.example.org'])('may be %s', (proxy) => {
    expect(parseConfig(withTop(`proxy: ${proxy}`), 'ferry.yaml').proxy).toBe(proxy);
  });

  it.each([
    ['proxy.example.org:3128', /line 2, proxy: .*expected a URL such as http:\/\/proxy\.example\.org:3128/],
    ['socks5://proxy.example.org', /line 2, proxy: .*expected a URL such as/],
    [
      'http://user:GEHEIM@proxy.example.org',
      /line 2, proxy: .*without user and password, because ferry\.yaml holds no secrets/,
    ],
    ['http://:GEHEIM@proxy.example.org', /without user and password/],
    ['http://GEHEIM@proxy.example.org', /without user and password/],
  ])('may not be %s', (proxy, message) => {
    const parse = () => parseConfig(withTop(`proxy: "${proxy}"`), 'ferry.yaml');
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow(message);
    expect(parse).not.toThrow(/GEHEIM/);
  });
});

describe('extraCa', () => {
  const plan: SyncFunctionPlan = { kind: 'sync', source: 'erp', jobs: [], settings: {} };
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ferry config ü '));
    await writeFile(join(folder, 'ferry.yaml'), withTop('proxy: http://proxy\nextraCa: ./company-ca.pem'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const load = () => loadConfig({ path: join(folder, 'ferry.yaml'), environment: {} });

  it('is part of the deployed configuration, and so is the proxy', async () => {
    await writeFile(join(folder, 'company-ca.pem'), await readFile(example));
    const { config } = await load();
    const deployed = parseDeployedConfig(JSON.stringify(selectForFunction(config, plan)));
    expect(deployed).toMatchObject({ proxy: 'http://proxy', extraCa: await pemOfExample() });
  });

  it('is absent if it is not set', async () => {
    const config = parseConfig(withTop(''), 'ferry.yaml');
    const deployed = selectForFunction(config, plan);
    expect(deployed).toHaveProperty('sources.erp');
    expect(deployed).not.toHaveProperty('proxy');
    expect(deployed).not.toHaveProperty('extraCa');
  });

  it('must contain certificates', async () => {
    await writeFile(join(folder, 'company-ca.pem'), 'none');
    await expect(load()).rejects.toThrow(/^extraCa: .*company-ca\.pem contains no certificate\.$/);
  });

  it('is trusted in addition to what is trusted already, each certificate of it', async () => {
    const trusted = () => new Set(getCACertificates('default').map(fingerprintOf));
    const before = trusted();
    const extraCa = `${rootCertificates[0]}\n${await pemOfExample()}`;
    for (let time = 1; time <= 2; time += 1) trustExtraCa({ extraCa });
    const added = certificatesIn(extraCa).map(fingerprintOf);
    expect(trusted()).toEqual(new Set([...before, ...added]));
    expect(before.has(added[1] ?? '')).toBe(false);
  });
});

describe('explainHttpsFailure', () => {
  it('says nothing about a failure elsewhere', () => {
    const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    expect(explainHttpsFailure(reset, { proxy: 'http://proxy' }, 'Polyteia')).toBeUndefined();
    expect(explainHttpsFailure(refused, {}, 'Polyteia')).toBeUndefined();
    expect(explainHttpsFailure('no error', {}, 'Polyteia')).toBeUndefined();
  });
});
