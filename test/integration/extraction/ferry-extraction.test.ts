import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runRecordSchema } from '../../../shared/runs/records/run-record.ts';
import { runFerry } from '../../support/cli/ferry-command.ts';
import { filesBelow, readOutput } from '../../support/extraction/read-output.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

// The command line, as a person types it.

let postgres: PostgresServer;
let folder: string;
let config: string;
beforeAll(async () => {
  postgres = await startPostgres({ hba: ['host amt_17 all all reject'] });
  // 39 next to the server's own.
  for (let n = 1; n < 40; n += 1) await postgres.query(`CREATE DATABASE amt_${n}`);
  await postgres.query('CREATE TABLE orders (id int PRIMARY KEY)');
  folder = await mkdtemp(join(tmpdir(), 'ferry forty ü '));
  config = `version: 1
sources:
  stadt:
    type: postgres
    host: ${postgres.host}
    port: ${postgres.port}
    database: ${postgres.database}
    auth: { type: password, secret: stadt }
    tls: { mode: disable }
extractions:
  kataloge:
    sources: [stadt]
    databases: all
    output: { prefix: atlan }
    schedule: { cron: "0 5 * * *", timezone: Europe/Berlin }
`;
  await writeFile(join(folder, 'ferry.yaml'), config);
  const secrets = { stadt: { username: postgres.user, password: postgres.password } };
  await writeFile(join(folder, 'secrets.json'), JSON.stringify(secrets));
}, 180_000);
afterAll(async () => {
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

const ferry = (...args: string[]) => runFerry([...args, '--secrets', 'secrets.json'], { folder });

describe('40 databases, one of them broken', () => {
  it('are extracted with 15 lines of configuration, except for the broken one, as the exit code shows', async () => {
    expect(config.trim().split('\n').length).toBeLessThanOrEqual(15);
    const { exitCode, stdout, stderr } = await ferry('run', 'kataloge');
    expect(exitCode).toBe(6);
    expect(stdout).toMatch(/^kataloge partial \(extracted\): [\d,]+ entities, /);
    expect(stderr).toMatch(/1 of 40 databases failed:\n {2}stadt\/amt_17: AuthError: /);
    const { manifest } = await readOutput(join(folder, '.ferry'), 'artifacts/atlan/kataloge');
    expect(manifest.state).toBe('partial');
    expect(manifest.databases).toHaveLength(40);
    expect(
      manifest.databases.filter(({ state }) => state === 'failed').map(({ database }) => database),
    ).toEqual(['amt_17']);
    expect(manifest.entities.Database).toBe(39);
    const runs = await ferry('runs', '--json');
    expect(JSON.parse(runs.stdout)).toMatchObject([{ kind: 'extraction', state: 'partial' }]);
  }, 180_000);

  it('are checked one by one, in the words of Atlan’s app, and so is the output', async () => {
    const { exitCode, stdout } = await ferry('check', 'kataloge', '--json');
    expect(exitCode).toBe(1);
    const { ok, sources, extractions } = JSON.parse(stdout);
    expect({ ok, sources }).toEqual({ ok: false, sources: [] });
    const checks = extractions[0].checks as { check: string; status: string; detail: string }[];
    expect(checks.filter(({ status }) => status !== 'ok').map(({ check }) => check)).toEqual([
      'stadt/amt_17: login',
    ]);
    expect(checks).toContainEqual({
      check: 'stadt/postgres: tablesCheck',
      status: 'ok',
      detail: 'Tables check successful. Table count: 1',
    });
    expect(checks.filter(({ check }) => check.startsWith('output: ')).map(({ status }) => status)).toEqual(
      Array(4).fill('ok'),
    );
    expect(await filesBelow(join(folder, '.ferry', 'artifacts', 'atlan', 'kataloge', 'check'))).toEqual([]);
  }, 180_000);
});

describe('an extraction on the command line', () => {
  it('can be rehearsed into a folder, without a record', async () => {
    const { exitCode, stdout } = await ferry('run', 'kataloge', '--dry-run', '--out', 'out', '--json');
    expect(exitCode).toBe(6);
    const record = runRecordSchema.parse(JSON.parse(stdout));
    expect((await readOutput(join(folder, 'out'), 'kataloge')).manifest.runId).toBe(record.id);
    const runs = JSON.parse((await ferry('runs', '--json')).stdout) as { id: string }[];
    expect(runs.map(({ id }) => id)).not.toContain(record.id);
  }, 180_000);

  it('has a tree of what its source contains', async () => {
    const { stdout } = await ferry('tree', 'stadt', '--extraction', 'kataloge', '--json');
    const { source, databases } = JSON.parse(stdout);
    expect(source).toBe('stadt');
    expect(databases).toContainEqual(
      expect.objectContaining({
        name: 'postgres',
        isDefault: true,
        schemas: [{ name: 'public', tables: 1, views: 0, routines: 0, inScope: true }],
      }),
    );
  }, 120_000);

  it('appears in validate and schedule', async () => {
    const validated = await ferry('validate');
    expect(validated.stdout).toContain(
      "kataloge    stadt    all        Ferry's own  0 5 * * * (Europe/Berlin)",
    );
    const { stdout } = await ferry('schedule', '--json', '--count', '1');
    expect(JSON.parse(stdout)).toMatchObject([
      { extraction: 'kataloge', timezone: 'Europe/Berlin', enabled: true },
    ]);
  });

  it.each([
    [['preview', 'kataloge'], 2, /"kataloge" is an extraction/],
    [['run', 'katalog'], 2, /unknown job "katalog"; did you mean "kataloge"\?/],
    [['run', 'kataloge', '--dry-run'], 2, /--dry-run of an extraction needs --out FOLDER/],
    [['tree', 'stad'], 2, /unknown source "stad"; did you mean "stadt"\?/],
    [['tree', 'stadt', '--extraction', 'x'], 2, /unknown extraction "x"/],
  ] as const)('ferry %j is refused with a reason', async (args, code, message) => {
    const { exitCode, stderr } = await ferry(...args);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(code);
  });

  it.each(['accept', 'resend'])('has no file that ferry %s could send', async (command) => {
    const [{ id }] = JSON.parse((await ferry('runs', '--json')).stdout) as [{ id: string }];
    const { exitCode, stderr } = await ferry(command, id);
    expect(stderr).toContain(
      `Run ${id} belongs to the extraction kataloge: only files of syncs can be sent again.`,
    );
    expect(exitCode).toBe(2);
  });
});
