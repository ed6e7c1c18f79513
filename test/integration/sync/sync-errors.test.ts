import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runFerry } from '../../support/cli/ferry-command.ts';
import type { FailureHow, StandInOperation } from '../../support/polyteia/stand-in/types.ts';
import { withoutLoginWarning } from '../../support/source/login-warning.ts';
import { DATASET, type SyncChanges, type SyncSetup, setUpSync } from '../../support/sync/sync-setup.ts';

// Every character that a connection string, a shell or SQL could trip over.
const PASSWORD = `p w' "q" \\ $$ a=b\n&ü%20ß`;
const CANARY = 'Geheimnis-4711';

let setup: SyncSetup;
beforeAll(async () => {
  setup = await setUpSync({ password: PASSWORD });
  await setup.postgres.query(`
    CREATE TABLE orders (id int, note text);
    INSERT INTO orders SELECT g, '${CANARY}' FROM generate_series(1, 100) g;
    CREATE TABLE hidden (id int);
    CREATE ROLE reader LOGIN PASSWORD 'reader';
    GRANT SELECT ON orders TO reader`);
});
afterAll(() => setup[Symbol.asyncDispose]());

/** Everything that was printed and recorded. */
async function allOutput(
  result: { stdout: string; stderr: string },
  stateFolder = '.ferry',
): Promise<string> {
  const state = join(setup.folder, stateFolder);
  const files = (await readdir(state, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const texts = await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), 'utf8')));
  return [result.stdout, result.stderr, ...texts].join('\n');
}

describe('a password of any characters', () => {
  it('works, and appears in no output at debug level', async () => {
    const result = await setup.run({}, { args: ['--log-level', 'debug'] });
    expect(result.exitCode).toBe(0);
    const output = await allOutput(result);
    for (const secret of [
      PASSWORD,
      JSON.stringify(PASSWORD).slice(1, -1),
      encodeURIComponent(PASSWORD),
      'a=b',
      setup.polyteia.personalAccessKey,
    ]) {
      expect(output).not.toContain(secret);
    }
  });
});

it('a name of the source does nothing to the terminal that an error or a warning shows it on', async () => {
  // Of its own, as it accepts another result than the one that the next test is compared with.
  const state = 'state of names';
  const alias = 'x\u001b[2J\u009b31m\u202e\nConfigError: forged';
  for (const [types, exitCode] of [
    ['exact', 1],
    ['compatible', 0],
  ] as const) {
    const query = `SELECT CASE WHEN id = 1 THEN 'NaN' ELSE 0.5 END::numeric(5,2) AS "${alias}" FROM orders`;
    const result = await setup.run({ query, types }, { args: ['--log-level', 'debug', '--state', state] });
    expect(result.exitCode).toBe(exitCode);
    expect(result.stderr).toContain('x\\u001b[2J\\u009b31m\\u202e');
    const output = await allOutput(result, state);
    expect(output).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    expect(output).not.toMatch(/^ConfigError: forged/m);
  }
});

interface Case {
  what: string;
  sync?: Record<string, unknown>;
  changes?: () => SyncChanges;
  failure?: { on: StandInOperation; how: FailureHow };
  class: string;
  message: RegExp;
  exitCode?: number;
}

const reader = { erp: { username: 'reader', password: 'reader' } };
const unusedPort = 1;

const cases: Case[] = [
  {
    what: 'an unknown host',
    changes: () => ({ source: { host: 'no-such-host.invalid' } }),
    class: 'SourceUnavailableError',
    message: /no-such-host\.invalid:\d+ cannot be reached: its name cannot be resolved/,
  },
  {
    what: 'a closed port',
    changes: () => ({ source: { port: unusedPort } }),
    class: 'SourceUnavailableError',
    message: /127\.0\.0\.1:1 cannot be reached: nothing listens/,
  },
  {
    what: 'a refused login',
    changes: () => ({ secrets: { erp: { username: 'postgres', password: 'wrong-Wort' } } }),
    class: 'AuthError',
    message: /refused the login of user "postgres"/,
  },
  {
    what: 'an unknown user',
    changes: () => ({ secrets: { erp: { username: 'nobody "x"', password: 'x' } } }),
    class: 'AuthError',
    message: /refused the login of user "nobody "x""/,
  },
  {
    what: 'an unknown database',
    changes: () => ({ source: { database: 'nodb' } }),
    class: 'ConfigError',
    message: /has no database "nodb"/,
    exitCode: 2,
  },
  {
    what: 'a server without TLS',
    changes: () => ({ source: { tls: { mode: 'require' } } }),
    class: 'ConfigError',
    message: /does not support TLS/,
    exitCode: 2,
  },
  {
    what: 'a missing table',
    sync: { query: 'SELECT *\nFROM nix' },
    class: 'QueryError',
    message: /relation "nix" does not exist \(line 2, column 6\)/,
  },
  {
    what: 'a syntax error',
    sync: { query: 'SELEC 1' },
    class: 'QueryError',
    message: /syntax error at or near "SELEC" \(line 1, column 1\)/,
  },
  {
    what: 'several statements',
    sync: { query: 'SELECT 1; SELECT 2' },
    class: 'QueryError',
    message: /several statements/,
  },
  {
    what: 'two columns of one name',
    sync: { query: 'SELECT 1 AS a, 2 AS a' },
    class: 'QueryError',
    message: /two columns named "a"/,
  },
  {
    what: 'a query that writes',
    sync: { query: 'WITH gone AS (DELETE FROM orders RETURNING id) SELECT id FROM gone' },
    class: 'QueryError',
    message: /query/,
  },
  {
    what: 'a table without permission',
    sync: { query: 'SELECT * FROM hidden' },
    changes: () => ({ secrets: reader }),
    class: 'QueryError',
    message: /permission/,
  },
  {
    what: 'a value that does not fit',
    sync: { query: 'SELECT note::int AS n FROM orders' },
    class: 'QueryError',
    message: /A value does not fit the type/,
  },
  {
    what: 'an empty result',
    sync: { query: 'SELECT * FROM orders WHERE false' },
    class: 'GuardError',
    message: /The dataset was left unchanged: the query returned no rows/,
  },
  {
    what: 'a missing secret',
    changes: () => ({ source: { auth: { type: 'password', secret: 'other' } } }),
    class: 'ConfigError',
    message: /The secret other was not found on this machine/,
    exitCode: 2,
  },
  {
    what: 'a secret that is not JSON',
    changes: () => ({ secrets: { erp: 'klartext-Passwort' } }),
    class: 'ConfigError',
    message: /The secret erp is not JSON/,
    exitCode: 2,
  },
  {
    what: 'a secret without a password',
    changes: () => ({ secrets: { erp: { username: 'x', passwort: 'klartext' } } }),
    class: 'ConfigError',
    message: /RDS layout \(wrong or missing: password\)/,
    exitCode: 2,
  },
  {
    what: 'an unknown dataset',
    sync: { dataset: 'ds_unknown1' },
    class: 'PolyteiaRejectedError',
    message: /no dataset ds_unknown1/,
  },
  {
    what: 'a wrong personal access key',
    changes: () => ({ secrets: { polyteia: 'pak_wrong' } }),
    class: 'PolyteiaRejectedError',
    message: /does not accept the personal access key/,
  },
  {
    what: 'a secret that is no key',
    changes: () => ({ secrets: { polyteia: 'pak with spaces' } }),
    class: 'ConfigError',
    message: /contains no personal access key/,
    exitCode: 2,
  },
  {
    what: 'Polyteia not listening',
    changes: () => ({ target: { baseUrl: 'http://127.0.0.1:1' } }),
    class: 'PolyteiaUnavailableError',
    message: /Polyteia at 127\.0\.0\.1:1 cannot be reached: it refuses connections/,
  },
  {
    what: 'an outage page',
    failure: { on: 'get_dataset', how: { kind: 'status', status: 502, html: `<html>${CANARY}</html>` } },
    class: 'PolyteiaUnavailableError',
    message: /HTTP status 502/,
  },
  {
    what: 'a refused upload',
    failure: { on: 'upload', how: { kind: 'status', status: 400, message: `bad value ${CANARY}` } },
    class: 'PolyteiaRejectedError',
    message: /refused the call .* \(HTTP status 400\)/,
  },
  {
    what: 'a reset in the middle of the upload',
    failure: { on: 'upload', how: { kind: 'reset', when: 'middle' } },
    class: 'PolyteiaUnavailableError',
    message: /closed the connection/,
  },
  {
    what: 'a web page instead of an answer',
    failure: { on: 'generate_dataset_upload_token', how: { kind: 'notJson' } },
    class: 'PolyteiaUnavailableError',
    message: /answered generate_dataset_upload_token with a web page/,
  },
  {
    what: 'a business error inside 200',
    failure: {
      on: 'generate_dataset_upload_token',
      how: { kind: 'errorEnvelope', code: 403, message: 'no permission' },
    },
    class: 'PolyteiaRejectedError',
    message: /does not allow this key .* Polyteia says: no permission/,
  },
  {
    what: 'a forbidden table function',
    sync: { duckdbQuery: "SELECT * FROM read_text('/etc/passwd')" },
    class: 'QueryError',
    message: /table function read_text\(\) is not allowed/,
  },
  {
    what: 'a missing table of a duckdbQuery',
    sync: { duckdbQuery: 'SELECT * FROM db.nix' },
    class: 'QueryError',
    message: /The source has no table nix that the login may see/,
  },
  {
    what: 'a missing column of a duckdbQuery',
    sync: { duckdbQuery: 'SELECT nope FROM db.orders' },
    class: 'QueryError',
    message: /"nope" not found/,
  },
  {
    what: 'a query that is no SELECT',
    sync: { query: 'SHOW search_path' },
    class: 'QueryError',
    message: /not one SELECT/,
  },
  {
    what: 'a file as a table',
    sync: { duckdbQuery: "SELECT * FROM '/etc/passwd'" },
    class: 'QueryError',
    message: /is not a table of the source/,
  },
];

describe('one clear message, the right exit code, the dataset as it was, nothing left behind', () => {
  it.each(cases)('$what', async ({ sync, changes, failure, ...expected }) => {
    const uploads = setup.polyteia.datasets.get(DATASET)?.uploads;
    if (failure) setup.polyteia.failNext(failure);
    const result = await setup.run(sync, { ...changes?.(), args: ['--log-level', 'debug'] });
    const printed = result.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    expect(printed[0]).toMatch(new RegExp(`^${expected.class}: `));
    expect(printed[0]).toMatch(expected.message);
    // The message and, at most, what to do about it.
    const more = printed.slice(2).map((line) => line.replace(/^warning: /, ''));
    expect(withoutLoginWarning(more)).toEqual([]);
    expect(result.exitCode).toBe(expected.exitCode ?? 1);
    expect(result.leftovers).toEqual([]);
    expect(setup.polyteia.datasets.get(DATASET)?.uploads).toBe(uploads);
    const output = await allOutput(result);
    expect(output).not.toMatch(/Geheimnis|klartext|wrong-Wort|pak_wrong|pak with|\bat .*\.ts:\d+/);
    setup.polyteia.assertNoViolations();
  });

  it('with --json, one document on stdout for an error too', async () => {
    for (const args of [['run', 'ordres'], ['run'], ['nonsense'], ['validate', '--config', 'nix.yaml']]) {
      const { exitCode, stdout } = await runFerry([...args, '--json'], { folder: setup.folder });
      expect(exitCode).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({
        error: { class: 'ConfigError', message: expect.any(String) },
      });
    }
  });

  it('a sync that does not exist', async () => {
    const result = await setup.run({}, { args: [] });
    expect(result.exitCode).toBe(0);
    const wrong = await runFerry(['run', 'ordres', '--secrets', 'secrets.json'], { folder: setup.folder });
    expect(wrong).toMatchObject({ exitCode: 2, stdout: '' });
    expect(wrong.stderr).toContain('unknown sync "ordres"; did you mean "orders"?');
  });
});
