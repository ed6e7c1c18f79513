import mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourceSession } from '../../../../shared/source/sessions/session.ts';
import { FLAVORS, startTortureMysql } from '../../../support/mysql-catalog/create.ts';
import { extractMysql } from '../../../support/mysql-catalog/extract.ts';
import { startGeneralLog, takeGeneralLog } from '../../../support/servers/general-log.ts';
import type { MysqlServer } from '../../../support/servers/mysql-server.ts';

/** Short pauses between readings. */
const IMPATIENT = { lockPatienceMs: 60 };

describe.each(FLAVORS)('a catalog of %s that changes', (flavor) => {
  let server: MysqlServer;
  beforeAll(async () => {
    server = await startTortureMysql({ flavor });
  });
  afterAll(() => server?.stop());

  const connect = () => {
    const { host, port, user, password } = server;
    return mysql.createConnection({ host, port, user, password });
  };

  /** Calls `before` ahead of each query with this text. */
  const beforeQuery =
    (text: string, before: (time: number) => Promise<unknown>) => (session: SourceSession) => {
      const stream = session.streamSource.bind(session);
      let times = 0;
      session.streamSource = async (query) => {
        if (query.sql.includes(text)) {
          times += 1;
          await before(times);
        }
        return stream(query);
      };
    };

  it('is read again, so that tables and columns fit together', async () => {
    await server.query('CREATE TABLE app.dropped (a INT)');
    await using catalog = await extractMysql(server, {
      ...IMPATIENT,
      prepare: beforeQuery('column_name', async (time) => {
        if (time === 1) await server.query('DROP TABLE app.dropped; CREATE TABLE app.created (b INT)');
      }),
    });
    await server.query('DROP TABLE app.created');
    expect(catalog.pathsOf('Column')).toContain('app/created/b');
    expect(catalog.pathsOf('Table')).not.toContain('app/dropped');
    expect(catalog.result.warnings.join('\n')).not.toMatch(/changed|Left out: app/);
  });

  it('is read again, so that a table counts the columns that it has', async () => {
    await server.query('CREATE TABLE app.grows (a INT)');
    let times = 0;
    await using catalog = await extractMysql(server, {
      ...IMPATIENT,
      prepare: beforeQuery('ORDINAL_POSITION AS SIGNED) AS ordinal_position', async (time) => {
        times = time;
        if (time === 1) await server.query('ALTER TABLE app.grows ADD COLUMN b INT');
      }),
    });
    await server.query('DROP TABLE app.grows');
    expect(times).toBe(2);
    expect(catalog.get('Table', 'app/grows')?.attributes).toMatchObject({ columnCount: 2 });
    expect(catalog.pathsOf('Column').filter((path) => path.startsWith('app/grows/'))).toHaveLength(2);
  });

  it('is read in the end when it changes all the time, without columns of unknown tables', async () => {
    let made = 0;
    await using catalog = await extractMysql(server, {
      ...IMPATIENT,
      prepare: beforeQuery('ORDINAL_POSITION AS SIGNED) AS ordinal_position', async () => {
        made += 1;
        await server.query(`CREATE TABLE app.late_${made} (a INT)`);
      }),
    });
    for (let number = 1; number <= made; number += 1) await server.query(`DROP TABLE app.late_${number}`);
    expect(made).toBe(3);
    expect(catalog.pathsOf('Column')).toContain('app/late_2/a');
    expect(catalog.pathsOf('Column')).not.toContain('app/late_3/a');
    expect(catalog.result.warnings).toContain(
      'The catalog changed all the time while it was read: what was created meanwhile is missing.',
    );
  });

  it('has columns of a view that is made after names were listed', async () => {
    let times = 0;
    // It also asserts that each relation leads to an entity of the same run.
    await using catalog = await extractMysql(server, {
      ...IMPATIENT,
      prepare: beforeQuery('AS row_count', async (time) => {
        times = time;
        await server.query('CREATE VIEW app.shift AS SELECT 1 AS a');
      }),
    });
    await server.query('DROP VIEW app.shift');
    expect(times).toBe(1);
    expect(catalog.get('Column', 'app/shift/a')?.attributes).toHaveProperty(
      'viewQualifiedName',
      catalog.get('View', 'app/shift')?.attributes.qualifiedName,
    );
    expect(catalog.result.warnings.join('\n')).not.toMatch(/changed|app\.shift/);
  });

  const TABLE = 'CREATE TABLE app.shift (a INT PRIMARY KEY)';
  const VIEW = 'CREATE VIEW app.shift AS SELECT 1 AS a';
  it.each([
    ['a table has become a view', TABLE, `DROP TABLE app.shift; ${VIEW}`, 'View'],
    ['a view has become a table', VIEW, `DROP VIEW app.shift; ${TABLE}`, 'Table'],
  ] as const)('is read again when %s, whose keys are others', async (_, first, then, type) => {
    await server.query(first);
    await using catalog = await extractMysql(server, {
      ...IMPATIENT,
      prepare: beforeQuery('AS row_count', async (time) => {
        if (time === 1) await server.query(then);
      }),
    });
    await server.query(`DROP ${type} app.shift`);
    expect(catalog.get(type, 'app/shift')?.attributes).toMatchObject({ columnCount: 1 });
    expect(catalog.get('Column', 'app/shift/a')?.attributes).toMatchObject({
      isPrimary: type === 'Table',
      [`${type.toLowerCase()}QualifiedName`]: catalog.get(type, 'app/shift')?.attributes.qualifiedName,
    });
    expect(catalog.result.warnings.join('\n')).not.toMatch(/changed|app\.shift/);
  });

  it('is read in the end when a table becomes a view, and back, all the time', async () => {
    await server.query(TABLE);
    await using catalog = await extractMysql(server, {
      ...IMPATIENT,
      prepare: beforeQuery('AS row_count', async (time) =>
        server.query(time % 2 === 1 ? `DROP TABLE app.shift; ${VIEW}` : `DROP VIEW app.shift; ${TABLE}`),
      ),
    });
    await server.query('DROP VIEW app.shift');
    expect(catalog.get('Column', 'app/shift/a')?.attributes).toHaveProperty('viewQualifiedName');
    expect(catalog.result.warnings).toContain(
      'Columns of app.shift may be missing: another session is changing or has dropped it.',
    );
  });

  it('is read in the end when tables are dropped all the time, and names those without their columns', async () => {
    const names = ['brief_1', 'brief_2', 'brief_3'];
    for (const name of names) await server.query(`CREATE TABLE app.${name} (a INT)`);
    await using catalog = await extractMysql(server, {
      ...IMPATIENT,
      prepare: beforeQuery('ORDINAL_POSITION AS SIGNED) AS ordinal_position', async (time) =>
        server.query(`DROP TABLE app.brief_${time}`),
      ),
    });
    expect(catalog.pathsOf('Column').filter((path) => path.includes('brief'))).toEqual([]);
    expect(catalog.pathsOf('Table').filter((path) => path.includes('brief'))).toEqual(['app/brief_3']);
    expect(catalog.result.warnings).toContain(
      'Columns of app.brief_3 may be missing: another session is changing or has dropped it.',
    );
  });

  it('is read beside a migration that waits for a lock', async () => {
    const [reader, migration] = [await connect(), await connect()];
    await reader.query('START TRANSACTION');
    await reader.query('SELECT * FROM app.orders');
    const altered = migration.query('ALTER TABLE app.orders ADD COLUMN more INT');
    try {
      await isWaiting(server, 'ALTER TABLE');
      const started = performance.now();
      await using catalog = await extractMysql(server);
      expect(performance.now() - started).toBeLessThan(5_000);
      expect(catalog.pathsOf('Column')).toContain('app/orders/parent');
      expect(catalog.pathsOf('Column')).not.toContain('app/orders/more');
    } finally {
      await reader.query('ROLLBACK');
      await altered;
      await migration.query('ALTER TABLE app.orders DROP COLUMN more');
      await reader.end();
      await migration.end();
    }
  });

  it('is read without waiting for a table that is being replaced', async () => {
    await server.query('CREATE TABLE app.zz_busy (a INT)');
    const [reader, migration] = [await connect(), await connect()];
    await reader.query('START TRANSACTION');
    await reader.query('SELECT * FROM app.zz_busy');
    // It has locked the first table, and waits for the second.
    const renamed = migration.query(
      'RENAME TABLE app.case TO app.case_away, app.zz_busy TO app.zz_busy_away',
    );
    try {
      await isWaiting(server, 'RENAME TABLE');
      const started = performance.now();
      await using catalog = await extractMysql(server, IMPATIENT);
      expect(performance.now() - started).toBeLessThan(10_000);
      if (flavor === 'mysql') {
        // Its data dictionary answers without opening a table.
        expect(catalog.pathsOf('Column')).toContain('app/case/b');
      } else {
        expect(catalog.pathsOf('Table')).not.toContain('app/case');
        expect(catalog.result.warnings).toContain(
          'Left out: app.case, with the columns: another session is changing it, or the server cannot open it.',
        );
      }
      expect(catalog.pathsOf('Column')).toContain('app/Case/a');
    } finally {
      await reader.query('ROLLBACK');
      await renamed;
      await migration.query('RENAME TABLE app.case_away TO app.case');
      await migration.query('DROP TABLE app.zz_busy_away');
      await reader.end();
      await migration.end();
    }
  });

  it('is asked with the same number of statements for any number of tables, all of them read-only', async () => {
    const statements = async () => {
      await takeGeneralLog(server);
      await using catalog = await extractMysql(server);
      return { connections: await takeGeneralLog(server), extraction: catalog.result };
    };
    await startGeneralLog(server);
    const few = await statements();
    await server.query(
      `CREATE DATABASE many; ${Array.from({ length: 60 }, (_, n) => `CREATE TABLE many.t${n} (a INT PRIMARY KEY);`).join('')}`,
    );
    const many = await statements();
    await server.query('DROP DATABASE many; SET GLOBAL general_log = 0');
    expect(many.extraction.entities.Table).toBe((few.extraction.entities.Table ?? 0) + 60);
    expect(many.connections.flatMap(({ ran }) => ran)).toHaveLength(
      few.connections.flatMap(({ ran }) => ran).length,
    );
    expect(many.extraction.statements).toBe(few.extraction.statements);
    for (const { ran } of many.connections) {
      expect(ran.some((sql) => /^START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY/.test(sql))).toBe(
        true,
      );
      const others = ran.filter(
        (sql) => !/^(SET |START TRANSACTION|SELECT|SHOW|--|\/\*|DO |DROP TEMPORARY TABLE ferry_)/i.test(sql),
      );
      expect(others).toEqual([]);
    }
  });
});

/** Waits until a statement waits for a lock of a table. */
async function isWaiting(server: MysqlServer, statement: string): Promise<void> {
  await expect
    .poll(async () =>
      server.query(
        `SELECT id FROM information_schema.processlist WHERE state LIKE 'Waiting for table metadata lock' AND info LIKE '${statement}%'`,
      ),
    )
    .toHaveLength(1);
}
