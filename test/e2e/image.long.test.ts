import { chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type BuiltImage, buildImage, bytesBelow } from '../support/image/build-image.ts';
import { type ContainerOptions, startContainer } from '../support/image/run-container.ts';
import { startPolyteiaStandIn } from '../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../support/polyteia/stand-in/types.ts';
import { type PostgresServer, startPostgres } from '../support/servers/postgres-server.ts';
import { sourceConfig } from '../support/source/source-config.ts';

// Root only: Buildah keeps the owners of files, and runc makes the container's own mounts.

const DATASET = 'ds_image1';
const NONROOT = 65_532;
// Node has 127 MB, DuckDB 71, its two extensions 83.
const BUDGET_BYTES = 300_000_000;

let image: BuiltImage;
let postgres: PostgresServer;
let polyteia: PolyteiaStandIn;
let folder: string;
let config: string;
let state: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-image-test-'));
  [image, postgres, polyteia] = await Promise.all([
    buildImage(),
    startPostgres(),
    startPolyteiaStandIn({ datasets: [DATASET] }),
  ]);
  await postgres.query('CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 3) i');
  [config, state] = [join(folder, 'config'), join(folder, 'state')];
  await mkdir(config);
  await mkdir(state);
  await chown(state, NONROOT, NONROOT);
  await writeFile(
    join(config, 'ferry.yaml'),
    stringify({
      version: 1,
      sources: { erp: sourceConfig(postgres, 'erp') },
      polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
      syncs: {
        orders: {
          source: 'erp',
          query: 'SELECT * FROM orders',
          dataset: DATASET,
          whenUnchanged: 'upload',
          schedule: { cron: '@every 1m' },
        },
      },
    }),
  );
  const { user: username, password } = postgres;
  const secrets = { erp: { username, password }, polyteia: polyteia.personalAccessKey };
  await writeFile(join(config, 'secrets.json'), JSON.stringify(secrets));
});
afterAll(async () => {
  await Promise.all([image?.[Symbol.asyncDispose](), postgres?.stop(), polyteia?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command to its end. */
async function runToEnd(args: readonly string[], options: ContainerOptions = {}) {
  await using container = await startContainer(image, { args, ...options });
  await container.process.ended;
  return { log: await container.log(), exitCode: await container.exitCode() };
}

describe('the image', () => {
  it('is within its budget', async () => {
    expect((await bytesBelow(image.root)) - image.baseBytes).toBeLessThan(BUDGET_BYTES);
  });

  it('holds Node, the program, DuckDB, certificates and time zones, and nothing else', async () => {
    const folders = await readdir(image.root);
    // Those below are of the base.
    expect(folders.sort()).toEqual(['etc', 'ferry', 'lib', 'lib64', 'opt', 'tmp', 'usr']);
    expect(await readdir(join(image.root, 'usr/local/bin'))).toEqual(['ferry', 'node']);
    expect(await readdir(join(image.root, 'opt'))).toEqual(['ferry']);
    const program = join(image.root, 'opt/ferry');
    const entries = await readdir(program, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(program, join(entry.parentPath, entry.name)));
    const strange = files.filter(
      (file) =>
        !/^([\w.-]+\.(mjs|sql)|LICENSE|extensions\/v[\d.]+\/linux_\w+\/\w+\.duckdb_extension)$/.test(file) &&
        !file.startsWith('node_modules/@duckdb/'),
    );
    expect(strange).toEqual([]);
    expect(files.filter((file) => file.endsWith('.duckdb_extension'))).toHaveLength(2);
    expect(await readdir(join(image.root, 'etc/ssl/certs'))).toEqual(['ca-certificates.crt']);
    expect(await stat(join(image.root, 'usr/share/zoneinfo/Europe/Berlin'))).toBeTruthy();
  });

  it('says how it is run', () => {
    expect(image.config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['/usr/local/bin/ferry'],
      Cmd: ['serve'],
      WorkingDir: '/ferry',
      ExposedPorts: { '8080/tcp': {} },
      Labels: {
        'org.opencontainers.image.title': 'Ferry',
        'org.opencontainers.image.version': '0.1.0',
        'org.opencontainers.image.licenses': 'MIT',
      },
    });
    expect(image.config.Healthcheck.Test[0]).toBe('CMD');
  });
});

describe('a container of it', () => {
  const mounts = { '/etc/ferry': '' };
  const env = { FERRY_CONFIG: '/etc/ferry/ferry.yaml', FERRY_SECRETS: '/etc/ferry/secrets.json' };
  beforeAll(() => {
    mounts['/etc/ferry'] = config;
  });

  it('runs any command, as its own user', async () => {
    expect(await runToEnd(['--version'])).toEqual({ log: '0.1.0\n', exitCode: 0 });
    expect(await runToEnd(['nonsense'])).toMatchObject({ exitCode: 2 });
  });

  it('uploads a result by a run of its own', async () => {
    const { log, exitCode } = await runToEnd(
      ['run', 'orders', '--config', env.FERRY_CONFIG, '--secrets', env.FERRY_SECRETS],
      { mounts, writable: { '/ferry/.ferry': state } },
    );
    expect(log).toContain('orders succeeded (uploaded): 3 rows');
    expect(exitCode).toBe(0);
    expect(polyteia.violations).toEqual([]);
  });
});
