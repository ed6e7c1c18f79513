import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runFerry } from '../../support/cli/ferry-command.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';

// A server that locks accounts counts each refusal: several sources with one wrong password are one try.

let folder: string;
let postgres: PostgresServer;
let mariadb: MysqlServer;
beforeAll(async () => {
  [postgres, mariadb] = await Promise.all([startPostgres(), startMysql({ flavor: 'mariadb' })]);
  folder = await mkdtemp(join(tmpdir(), 'ferry one refusal ü '));
});
afterAll(async () => {
  await Promise.all([postgres?.stop(), mariadb?.stop()]);
  await rm(folder, { recursive: true });
});

const refusalsOf = {
  postgres: async () =>
    (await readFile(postgres.logFile, 'utf8')).split(/FATAL: .* authentication failed for user/).length - 1,
  mariadb: async () => {
    const rows = await mariadb.query("SHOW GLOBAL STATUS LIKE 'Access_denied_errors'");
    return Number(Object.values(rows[0] as object)[1]);
  },
};

it.each(['postgres', 'mariadb'] as const)('ferry check of three sources on one %s', async (kind) => {
  const server = kind === 'postgres' ? postgres : mariadb;
  const one = sourceConfig(server, 'wrong');
  const config = {
    version: 1,
    sources: {
      first: one,
      second: { ...one, host: server.host.toUpperCase() },
      third: one,
      // Another password may be right.
      fourth: sourceConfig(server, 'right'),
    },
    ...(kind === 'postgres' ? { extractions: { catalogs: { sources: ['first', 'second'] } } } : {}),
  };
  const { user: username, password } = server;
  const secrets = {
    wrong: JSON.stringify({ username, password: 'wrong' }),
    right: JSON.stringify({ username, password }),
  };
  await writeFile(join(folder, 'ferry.yaml'), JSON.stringify(config));
  await writeFile(join(folder, 'secrets.json'), JSON.stringify(secrets));
  const before = await refusalsOf[kind]();
  const { stdout } = await runFerry(['check', '--json', '--secrets', 'secrets.json'], { folder });
  expect((await refusalsOf[kind]()) - before).toBe(1);
  const { sources } = JSON.parse(stdout) as {
    sources: { source: string; checks: { check: string; status: string; detail: string }[] }[];
  };
  const logins = sources.map(({ checks }) => checks.find(({ check }) => check === 'login'));
  expect(logins.map((login) => login?.status)).toEqual(['failed', 'failed', 'failed', 'ok']);
  expect(logins[1]?.detail).toContain('Ferry did not try it again');
});
