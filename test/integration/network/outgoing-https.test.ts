import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FerryFolder, type FerryRun, setUpFerryFolder } from '../../support/cli/ferry-folder.ts';
import { type Certificate, makeCertificates } from '../../support/network/certificates.ts';
import { type ConnectProxy, startConnectProxy } from '../../support/network/connect-proxy.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

// Names that only the proxy knows.
const POLYTEIA = 'polyteia.invalid';
const SECRETS_MANAGER = 'secretsmanager.eu-central-1.amazonaws.com';
const extraCa = './company-ca.pem';

let postgres: PostgresServer;
let ferry: FerryFolder;
let certificate: Certificate;
let secretsManager: Server;
beforeAll(async () => {
  const ours = await makeCertificates({
    server: { hosts: ['localhost', POLYTEIA, SECRETS_MANAGER], days: 30 },
  });
  const theirs = await makeCertificates({});
  certificate = ours.server;
  [postgres, ferry] = await Promise.all([
    startPostgres(),
    setUpFerryFolder({ tls: certificate, ownProcess: true }),
  ]);
  secretsManager = createServer(certificate, async (request, response) => {
    const { SecretId } = (await json(request)) as { SecretId: string };
    const secrets: Record<string, string> = {
      erp: JSON.stringify({ username: postgres.user, password: postgres.password }),
      polyteia: ferry.polyteia.personalAccessKey,
    };
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ Name: SecretId, SecretString: secrets[SecretId] }));
  }).listen(0, '127.0.0.1');
  await once(secretsManager, 'listening');
  // Next to another authority, as in a company that has several.
  await writeFile(join(ferry.folder, 'company-ca.pem'), theirs.authority.cert + ours.authority.cert);
  await writeFile(join(ferry.folder, 'other-ca.pem'), theirs.authority.cert);
});
afterAll(async () => {
  secretsManager.close();
  secretsManager.closeAllConnections();
  await Promise.all([postgres.stop(), ferry[Symbol.asyncDispose]()]);
});

const run = (options: Pick<FerryRun, 'target' | 'top' | 'environment' | 'secretsFile'>) => {
  const { host, port, database, user, password } = postgres;
  return ferry.run({
    source: { type: 'postgres', host, port, database, tls: { mode: 'disable' } },
    login: { username: user, password },
    ...options,
  });
};
const aws = { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
const behindProxy = { baseUrl: `https://${POLYTEIA}` };
const startProxy = (options: Parameters<typeof startConnectProxy>[0] = {}) =>
  startConnectProxy({
    resolve: {
      [`${POLYTEIA}:443`]: Number(new URL(ferry.polyteia.baseUrl).port),
      [`${SECRETS_MANAGER}:443`]: (secretsManager.address() as AddressInfo).port,
    },
    ...options,
  });
/** That all went through the proxy, as nothing but tunnels. */
const expectTunnels = (proxy: ConnectProxy, ...hosts: string[]) => {
  expect(new Set(proxy.targets)).toEqual(new Set(hosts.map((host) => `${host}:443`)));
  expect(proxy.others).toEqual([]);
};

describe('extraCa', () => {
  it('is trusted', async () => {
    expect(await run({ top: { extraCa } })).toMatchObject({ exitCode: 0, rows: 1 });
    ferry.polyteia.assertNoViolations();
  });

  it('is suggested for a certificate that is not trusted', async () => {
    for (const top of [{}, { extraCa: './other-ca.pem' }]) {
      const { exitCode, error } = await run({ top });
      expect(exitCode).toBe(1);
      expect(error).toMatchObject({
        class: 'PolyteiaUnavailableError',
        message: expect.stringMatching(
          /^Polyteia at localhost:\d+ cannot be reached: its certificate cannot be verified\.$/,
        ),
        hint: expect.stringContaining('set `extraCa` in ferry.yaml'),
      });
    }
  });

  it('is trusted in addition to what Node trusts anyway', async () => {
    const environment = { NODE_EXTRA_CA_CERTS: join(ferry.folder, 'company-ca.pem') };
    const result = await run({ top: { extraCa: './other-ca.pem' }, environment });
    expect(result).toMatchObject({ exitCode: 0 });
  });

  it('must be a file with certificates', async () => {
    for (const [file, message] of [
      ['./ferry.yaml', /^extraCa: .*ferry\.yaml contains no certificate\.$/],
      ['./nix.pem', /nix\.pem does not exist/],
    ] as const) {
      expect(await run({ top: { extraCa: file } })).toMatchObject({
        exitCode: 2,
        error: { class: 'ConfigError', message: expect.stringMatching(message) },
      });
    }
  });
});

describe.each(['http', 'https'] as const)('a proxy over %s', (scheme) => {
  const start = () => startProxy(scheme === 'https' ? { certificate } : {});

  it('is used for Polyteia', async () => {
    await using proxy = await start();
    const result = await run({ target: behindProxy, top: { proxy: proxy.url, extraCa } });
    expect(result).toMatchObject({ exitCode: 0, rows: 1 });
    expectTunnels(proxy, POLYTEIA);
    ferry.polyteia.assertNoViolations();
  });

  it('is used for Secrets Manager', async () => {
    await using proxy = await start();
    const result = await run({
      target: behindProxy,
      top: { proxy: proxy.url, extraCa },
      secretsFile: false,
      environment: aws,
    });
    expect(result).toMatchObject({ exitCode: 0, rows: 1 });
    expectTunnels(proxy, POLYTEIA, SECRETS_MANAGER);
  });
});

const dead = { resolve: { [`${POLYTEIA}:443`]: 1, [`${SECRETS_MANAGER}:443`]: 1 } };
const failures: readonly {
  what: string;
  proxy: string | Parameters<typeof startConnectProxy>[0];
  message: (service: string) => RegExp;
  hint: RegExp;
}[] = [
  {
    what: 'a proxy that does not listen',
    proxy: 'http://127.0.0.1:1',
    message: (service) =>
      new RegExp(
        `^The proxy 127\\.0\\.0\\.1:1 on the way to ${service} cannot be reached: it refuses connections\\.$`,
      ),
    hint: /^Check `proxy` in ferry\.yaml/,
  },
  {
    what: 'a proxy without an address',
    proxy: 'http://proxy.invalid:3128',
    message: (service) =>
      new RegExp(
        `^The proxy proxy\\.invalid:3128 on the way to ${service} cannot be reached: its name cannot be resolved`,
      ),
    hint: /^Check `proxy` in ferry\.yaml/,
  },
  {
    what: 'a proxy that asks for a login',
    proxy: { answer: 407 },
    message: (service) =>
      new RegExp(
        `^The proxy 127\\.0\\.0\\.1:\\d+ refuses to connect to ${service} \\(HTTP status 407\\)\\.$`,
      ),
    hint: /without a login: ferry\.yaml holds no secrets/,
  },
  {
    what: 'a proxy that forbids the host',
    proxy: { answer: 403 },
    message: (service) =>
      new RegExp(`^The proxy .* refuses to connect to ${service} \\(HTTP status 403\\)\\.$`),
    hint: /^Let the proxy connect to this host/,
  },
  {
    what: 'a proxy that gets nowhere',
    proxy: dead,
    message: (service) => new RegExp(`^The proxy 127\\.0\\.0\\.1:\\d+ cannot connect to ${service}\\.$`),
    hint: /^Let the proxy connect to this host/,
  },
  {
    what: 'a proxy that does not answer',
    proxy: { answer: 'silent' },
    message: (service) =>
      new RegExp(
        `^(${service} does not answer in time through the proxy \\S+|The proxy \\S+ cannot connect to ${service})\\.$`,
      ),
    hint: /^Let the proxy connect to this host/,
  },
];

describe('the explanation of', () => {
  it.each(failures)('$what', async ({ proxy, message, hint }) => {
    await using started = typeof proxy === 'string' ? undefined : await startProxy(proxy);
    const top = { proxy: started?.url ?? proxy, extraCa };
    const toPolyteia = await run({ target: behindProxy, top });
    expect(toPolyteia.error).toMatchObject({
      class: 'PolyteiaUnavailableError',
      message: expect.stringMatching(message(`Polyteia at ${POLYTEIA}`)),
      hint: expect.stringMatching(hint),
    });
    const toSecretsManager = await run({
      target: behindProxy,
      top,
      secretsFile: false,
      environment: aws,
    });
    expect(toSecretsManager.error).toMatchObject({
      class: 'StorageUnavailableError',
      message: expect.stringMatching(message('Secrets Manager')),
      hint: expect.stringMatching(hint),
    });
  });

  it('a proxy whose own certificate is not trusted', async () => {
    await using proxy = await startProxy({ certificate });
    const { error } = await run({ target: behindProxy, top: { proxy: proxy.url } });
    expect(error).toMatchObject({
      class: 'PolyteiaUnavailableError',
      message: `Polyteia at ${POLYTEIA} cannot be reached: its certificate, or that of the proxy localhost:${proxy.port}, cannot be verified.`,
    });
  });
});
