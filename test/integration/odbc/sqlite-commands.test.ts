import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { runFerry } from '../../support/cli/ferry-command.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { createSqlite, type SqliteFile } from '../../support/servers/sqlite-file.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';
import { ODBC_DRIVERS, odbcDrivers } from '../../support/tools/odbc-drivers.ts';

// What a person meets with a source of type odbc, from the file to the record of a run.

let polyteia: PolyteiaStandIn;
let file: SqliteFile;
let folder: string;
beforeAll(async () => {
  [polyteia, file] = await Promise.all([startPolyteiaStandIn({ datasets: [DATASET] }), createSqlite()]);
  folder = await mkdtemp(join(tmpdir(), 'ferry odbc ü '));
  file.query("CREATE TABLE orders (id INTEGER, note TEXT); INSERT INTO orders VALUES (1, 'one'), (2, 'two')");
});
afterAll(async () => {
  await Promise.all([polyteia?.[Symbol.asyncDispose](), file?.[Symbol.asyncDispose]()]);
  await rm(folder, { recursive: true, force: true });
});

const ferry = async (
  command: readonly string[],
  changes: {
    source?: Record<string, unknown>;
    odbc?: Record<string, unknown>;
    sync?: Record<string, unknown>;
  } = {},
) => {
  const config = {
    version: 1,
    drivers: await odbcDrivers(),
    sources: {
      archive: {
        type: 'odbc',
        odbc: { product: 'sqlite', driver: ODBC_DRIVERS.sqlite, ...changes.odbc },
        database: file.path,
        auth: { type: 'none' },
        ...changes.source,
      },
    },
    polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
    syncs: {
      orders: {
        source: 'archive',
        dataset: DATASET,
        query: 'SELECT * FROM orders ORDER BY id',
        ...changes.sync,
      },
    },
  };
  const temporary = join(folder, 'tmp');
  await mkdir(temporary, { recursive: true });
  await writeFile(join(folder, 'ferry.yaml'), stringify(config));
  await writeFile(join(folder, 'secrets.json'), JSON.stringify({ polyteia: polyteia.personalAccessKey }));
  return runFerry([...command, ...(command[0] === 'validate' ? [] : ['--secrets', 'secrets.json'])], {
    folder,
    environment: { TMPDIR: temporary },
  });
};

describe('a source behind ODBC', () => {
  it('is checked, with its driver and file', async () => {
    const { stdout, exitCode } = await ferry(['check']);
    expect(stdout).toMatch(
      /^archive\nCHECK +RESULT +DETAIL\ndriver +ok +\/.*libsqlite3odbc\.so\nfile +ok +SQLite 3\.\d+\.\d+, \/.*\npermissions +ok +the login can only read\nsync orders +ok +the source prepared the query: 2 columns\n/,
    );
    expect(exitCode).toBe(0);
  });

  it('is previewed', async () => {
    const { stdout, exitCode } = await ferry(['preview', 'orders']);
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^COLUMN +SOURCE TYPE +PARQUET TYPE +WHY$/),
      expect.stringMatching(/^id +INTEGER +BIGINT +refuses a value that is not an integer$/),
      expect.stringMatching(/^note +TEXT +VARCHAR +refuses a value that is not text, or not in UTF-8$/),
      '',
      'id  note',
      '1   one',
      '2   two',
    ]);
    expect(exitCode).toBe(0);
  });

  it('is read and uploaded, guarded and recorded', async () => {
    expect(await ferry(['run', 'orders'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^orders succeeded \(uploaded\): 2 rows/),
    });
    expect(await ferry(['run', 'orders'])).toMatchObject({ stdout: expect.stringMatching(/unchanged/) });
    const guarded = await ferry(['run', 'orders'], { sync: { guards: { minRows: 3 } } });
    expect(guarded.stderr).toMatch(/GuardError/);
    const { stdout } = await ferry(['runs', '--json']);
    const records = JSON.parse(stdout);
    expect(JSON.stringify(records)).toContain('"statement"');
    expect(JSON.stringify(records)).not.toContain('read-only');
  });

  it('waits for a writer as long as its option says', async () => {
    // Locks of one process do not hold up that process itself.
    const writer = spawn(
      process.execPath,
      [
        '-e',
        "new (require('node:sqlite').DatabaseSync)(process.argv[1]).exec('BEGIN EXCLUSIVE'); console.log('locked'); setInterval(() => {}, 60000)",
        file.path,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    try {
      await once(writer.stdout, 'data');
      const started = performance.now();
      const { stderr } = await ferry(['preview', 'orders'], { odbc: { options: { timeout: 1 } } });
      expect(stderr).toMatch(/is writing to/);
      // By itself, it waits ten seconds.
      expect(performance.now() - started).toBeLessThan(9000);
    } finally {
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    }
  });

  it.each([
    [
      { sync: { query: undefined, duckdbQuery: 'SELECT * FROM db.orders' } },
      /syncs\.orders\.duckdbQuery: .*`query`/,
    ],
    [{ sync: { types: 'compatible' } }, /syncs\.orders\.types: .*exact/],
    [{ source: { host: 'db.example.org' } }, /sources\.archive\.host: .*the source is a file/],
    [{ source: { database: 'archive.sqlite' } }, /sources\.archive\.database: .*the absolute path/],
    [{ source: { auth: { type: 'password', secret: 'x' } } }, /sources\.archive\.auth\.type: .*none/],
    [{ source: { odbc: undefined } }, /sources\.archive\.odbc: .*driver/],
    [{ odbc: { driver: 'a;PWD=b' } }, /sources\.archive\.odbc\.driver/],
    [{ odbc: { options: { LoadExt: '/tmp/x.so' } } }, /options\.LoadExt: .*Timeout/],
    [{ odbc: { options: { PWD: 'secret' } } }, /options\.PWD: .*Timeout/],
    [{ odbc: { options: { Timeout: '1;LoadExt=x' } } }, /options\.Timeout: /],
    [{ odbc: { product: 'sqlit' } }, /odbc\.product: .*sqlite/],
    [{ source: { type: 'postgres', host: 'h', database: 'd' } }, /sources\.archive\.(odbc|auth)/],
  ])('says what is wrong with it: %j', async (changes, message) => {
    const { stderr, exitCode } = await ferry(['validate'], changes);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('secret');
    expect(exitCode).toBe(2);
  });

  it('says that a program that wrote to it was killed', async () => {
    await using broken = await createSqlite();
    const left =
      'BEGIN; CREATE TABLE t AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, hex(randomblob(100)) FROM n';
    const writer = `const { DatabaseSync } = require('node:sqlite'); const file = new DatabaseSync(process.argv[1]);
      file.exec("CREATE TABLE first (a)"); file.exec("PRAGMA cache_size = 2"); file.exec(${JSON.stringify(left)}); process.kill(process.pid, 'SIGKILL')`;
    await once(spawn(process.execPath, ['-e', writer, broken.path], { stdio: 'ignore' }), 'exit');
    const { stdout } = await ferry(['check'], { source: { database: broken.path } });
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      / has to be recovered: a program that wrote to it was killed/,
    );
  });

  it.each([
    [
      { odbc: { driver: 'libnowhere.so' } },
      /driver +failed .*libnowhere\.so is not installed/,
      /apt-get install unixodbc libsqliteodbc/,
    ],
    [{ odbc: { driver: '/nowhere/libsqlite3odbc.so' } }, /driver +failed/, /libsqliteodbc/],
    [
      { source: { database: '/nowhere/x.sqlite' } },
      /file +failed +The file \/nowhere\/x\.sqlite is missing/,
      /Check `database`/,
    ],
    [
      { source: { database: '/etc/passwd' } },
      /file +failed +The file \/etc\/passwd is not an SQLite database/,
      /Check `database`/,
    ],
    [
      { odbc: { driver: 'A Driver Nobody Has' } },
      /failed +The ODBC driver manager (does not know the driver|.* is not installed)/,
      /odbcinst\.ini|apt-get install unixodbc/,
    ],
  ])('names the hop that fails: %j', async (changes, detail, hint) => {
    const { stdout, exitCode } = await ferry(['check'], changes);
    expect(stdout).toMatch(detail);
    expect(stdout).toMatch(hint);
    expect(stdout).toMatch(/sync orders +skipped/);
    expect(exitCode).not.toBe(0);
  });
});
