import { describe, expect, it } from 'vitest';
import { failureOf } from '../../support/failure-of.ts';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { readThroughFerry } from '../../support/sync/read-through-ferry.ts';

// What a server runs for each session of a login without administrative rights.

describe.each(['mariadb', 'mysql'] as const)('init_connect of %s', (flavor) => {
  it('is named when it fails, and else changes nothing', async () => {
    await using server = await startMysql({ flavor });
    await server.query(
      `CREATE TABLE ferry.rows_ (n int, t varchar(9)); INSERT INTO ferry.rows_ VALUES (1, 'é'), (2, 'ü');
       CREATE USER reader@'%' IDENTIFIED BY 'reader'; GRANT SELECT ON ferry.* TO reader@'%'`,
    );
    const login = { ...server, user: 'reader', password: 'reader' };
    const run = (sync: object) => readThroughFerry('mysql', login, { sync: { ...sync } });
    const ways = [
      { query: 'SELECT n, t FROM rows_ ORDER BY n' },
      { duckdbQuery: 'FROM db.rows_ ORDER BY n' },
    ];
    for (const sql of [
      'SET SESSION sql_select_limit = 1, group_concat_max_len = 4',
      "SET NAMES latin1, time_zone = '+05:00'",
      'SET character_set_results = NULL, autocommit = 0',
    ]) {
      await server.query('SET GLOBAL init_connect = ?', [sql]);
      for (const way of ways)
        expect((await run(way)).content.rows).toEqual([
          [1, 'é'],
          [2, 'ü'],
        ]);
    }
    await server.query('SET GLOBAL init_connect = ?', ['INSERT INTO audit.logins VALUES (1)']);
    for (const way of ways) {
      const error = await failureOf(run(way));
      expect(error).toMatchObject({
        class: 'AuthError',
        hint: expect.stringContaining('SELECT @@init_connect'),
      });
      expect(error.message).toMatch(/^The init_connect of the source at \S+ fails for user "reader"/);
    }
  }, 300_000);
});
