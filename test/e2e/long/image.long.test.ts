import { execFile } from 'node:child_process';
import { chmod, chown, copyFile, cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { buildImageFiles } from '../../../scripts/build-image-files.ts';
import { EXTENSION_NAMES } from '../../../shared/duckdb/fetch-extensions.ts';
import { awsClientOptions } from '../../support/aws/aws-client-options.ts';
import { startMiniStack } from '../../support/aws/mini-stack.ts';
import { type BuiltImage, buildImage, bytesBelow } from '../../support/image/build-image.ts';
import { type ContainerOptions, startContainer } from '../../support/image/run-container.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { arm64Node } from '../../support/processes/arm64-node.ts';
import { freePort } from '../../support/processes/bound-process.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';

// Root only: Buildah keeps the owners of files, and runc makes the container's own mounts.

const run = promisify(execFile);
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
          schedule: { cron: '@every 2s' },
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
        !/^(ferry\.mjs|open-otel\.mjs|swagger-ui(-bundle)?\.(js|css)|console\/(console\.(css|js)|index\.html)|[\w-]+-[A-Z\d]{8}\.mjs|(sql\/)?[\w.-]+\.sql|libpg-query\.wasm|LICENSE|extensions\/v[\d.]+\/linux_\w+\/\w+\.duckdb_extension)$/.test(
          file,
        ) && !file.startsWith('node_modules/@duckdb/'),
    );
    expect(strange).toEqual([]);
    expect(files.filter((file) => file.endsWith('.duckdb_extension'))).toHaveLength(EXTENSION_NAMES.length);
    expect(await readdir(join(image.root, 'etc/ssl/certs'))).toEqual(['ca-certificates.crt']);
    expect(await stat(join(image.root, 'usr/share/zoneinfo/Europe/Berlin'))).toBeTruthy();
  });

  it('starts on arm64 too', async () => {
    const out = join(folder, 'arm64');
    await buildImageFiles('arm64', out);
    const root = join(out, 'runtime');
    await cp(join(out, 'program'), root, { recursive: true, verbatimSymlinks: true });
    const { command, args } = await arm64Node();
    // Its own Node; the test's one is another copy of the same. --help loads every command, and with them DuckDB's client.
    const before = [...args.slice(0, -1), join(root, 'usr/local/bin/node')];
    const { stdout } = await run(command, [...before, join(root, 'opt/ferry/ferry.mjs'), '--help']);
    expect(stdout).toContain('Usage: ferry');
    await rm(out, { recursive: true });
  });

  it('describes how it is run', () => {
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

// Each command starts DuckDB's client on processors that others may be using.
describe('a container of the image', () => {
  const env = { FERRY_CONFIG: '/etc/ferry/ferry.yaml', FERRY_SECRETS: '/etc/ferry/secrets.json' };
  const withConfig = (): Required<Pick<ContainerOptions, 'env' | 'mounts'>> => ({
    env: { ...env },
    mounts: { '/etc/ferry': config },
  });
  const uploads = () => polyteia.datasets.get(DATASET)?.uploads ?? 0;
  const untilUploaded = (count: number) =>
    waitFor(`${count} uploads`, () => (uploads() >= count ? true : undefined), 60_000);

  it('runs any command, as its own user', async () => {
    expect(await runToEnd(['--version'])).toEqual({ log: '0.1.0\n', exitCode: 0 });
    expect(await runToEnd(['nonsense'])).toMatchObject({ exitCode: 2 });
  });

  it('serves: is healthy, uploads by schedule, and ends on SIGTERM', async () => {
    const port = await freePort();
    const before = uploads();
    await using container = await startContainer(image, {
      env: {
        ...env,
        HEALTH_CHECK_PORT: String(port),
        FERRY_API_PORT: String(await freePort()),
        LOG_FORMAT: 'json',
        TZ: 'Europe/Berlin',
      },
      mounts: { '/etc/ferry': config },
      writable: { '/ferry/.ferry': state },
    });
    const statusOf = (path: string) =>
      fetch(`http://127.0.0.1:${port}${path}`).then(
        ({ status }) => status,
        () => undefined,
      );
    await waitFor('readiness', async () => ((await statusOf('/readyz')) === 200 ? true : undefined), 30_000);
    expect(await statusOf('/healthz')).toBe(200);
    const [, ...healthcheck] = image.config.Healthcheck.Test;
    expect(await container.exec(healthcheck)).toBe(0);
    const zone = 'process.exit(new Date(0).getHours() === 1 ? 0 : 1)';
    expect(await container.exec(['/usr/local/bin/node', '-e', zone])).toBe(0);
    await untilUploaded(before + 2);
    // For a person who looks into it.
    expect(await container.exec(['/usr/local/bin/ferry', 'runs'])).toBe(0);

    const { exitCode, ms } = await container.stop('TERM');
    const log = await container.log();
    expect(exitCode, log).toBe(0);
    expect(ms).toBeLessThan(25_000);
    expect(log).toMatch(/"msg":"stopped"/);
    // The state is on a volume.
    expect(log).not.toMatch(/a place for temporary files/);
    expect(polyteia.violations).toEqual([]);
    const after = uploads();
    await using again = await startContainer(image, {
      ...withConfig(),
      args: ['run-once', 'orders'],
      writable: { '/ferry/.ferry': state },
    });
    await again.process.ended;
    expect(await again.exitCode(), await again.log()).toBe(0);
    expect(uploads()).toBe(after + 1);
  });

  it("serves by the connector's variables, and says what it needs a volume for", async () => {
    const before = uploads();
    const { host, port, user, password, database } = postgres;
    await using container = await startContainer(image, {
      env: {
        PERSONAL_ACCESS_TOKEN: polyteia.personalAccessKey,
        POLYTEIA_BASE_URL: polyteia.baseUrl,
        DATASET_ID: DATASET,
        CRON_SCHEDULE: '@every 2s',
        HEALTH_CHECK_PORT: String(await freePort()),
        SOURCE_DATABASE_HOST: host,
        SOURCE_DATABASE_PORT: String(port),
        SOURCE_DATABASE_USER: user,
        SOURCE_DATABASE_PASSWORD: password,
        SOURCE_DATABASE_NAME: database,
        SOURCE_DATABASE_TYPE: 'postgres',
        SOURCE_DATABASE_SQL_QUERY: `'SELECT * FROM db.orders;'`,
      },
    });
    await untilUploaded(before + 2);
    expect((await container.stop('TERM')).exitCode).toBe(0);
    expect(await container.log()).toMatch(/state is in \/tmp\/ferry-state, a place for temporary files/);
  });

  it('runs each start once when there are two of it with one bucket', async () => {
    await using aws = await startMiniStack();
    const client = new S3Client({ ...(await awsClientOptions(aws)), forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'ferry-state' }));
    client.destroy();
    await copyFile(aws.caFile ?? '', join(config, 'ca.crt'));
    await chmod(join(config, 'ca.crt'), 0o644);
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = aws.environment;
    const options = async (): Promise<ContainerOptions> => ({
      env: {
        ...env,
        FERRY_STATE: 's3://ferry-state',
        FERRY_S3_ENDPOINT: aws.endpoint,
        FERRY_S3_PATH_STYLE: 'true',
        AWS_ACCESS_KEY_ID,
        AWS_SECRET_ACCESS_KEY,
        NODE_EXTRA_CA_CERTS: '/etc/ferry/ca.crt',
        HEALTH_CHECK_PORT: String(await freePort()),
        FERRY_API_PORT: String(await freePort()),
      },
      mounts: { '/etc/ferry': config },
    });
    const before = uploads();
    await using one = await startContainer(image, await options());
    await using other = await startContainer(image, await options());
    await untilUploaded(before + 4).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${await one.log()}\n${await other.log()}`);
    });
    const ends = await Promise.all([one.stop('TERM'), other.stop('TERM')]);
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0]);

    const { log, exitCode } = await runToEnd(['--json', 'runs', '--limit', '500'], await options());
    expect(exitCode, log).toBe(0);
    const records = JSON.parse(log) as { state: string; scheduledTime: string }[];
    const starts = records
      .filter(({ state }) => state === 'succeeded')
      .map(({ scheduledTime }) => scheduledTime);
    expect(new Set(starts).size).toBe(starts.length);
    expect(starts).toHaveLength(uploads() - before);
    expect(polyteia.violations).toEqual([]);
  });

  it('names the mount that is missing for what it reads', async () => {
    const { log, exitCode } = await runToEnd(['serve'], { ...withConfig(), hasTmp: false });
    expect(exitCode).toBe(2);
    expect(log).toContain('an emptyDir at /tmp');
  });

  it('runs as any user', async () => {
    const folderOfUser = join(folder, 'state-of-user');
    await mkdir(folderOfUser);
    // As Kubernetes does for fsGroup, and OpenShift for its users: the group may write.
    await chown(folderOfUser, 0, 4711);
    await chmod(folderOfUser, 0o2770);
    const { log, exitCode } = await runToEnd(['run-once'], {
      ...withConfig(),
      writable: { '/ferry/.ferry': folderOfUser },
      user: { uid: 1_000_680_000, gid: 4711 },
    });
    expect(exitCode, log).toBe(0);
    expect(await readdir(join(folderOfUser, 'jobs'))).toEqual(['orders']);
  });
});
