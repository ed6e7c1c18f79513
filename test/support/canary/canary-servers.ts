import { expect } from 'vitest';
import { type MysqlServer, startMysql } from '../servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres-server.ts';

// No query of these tests contains one of these values, so that wherever one turns up it came out of a table.
export const NAME = 'Kanarienvogel-4711';
export const SALARY = '48151623.42';
export const canaries = [/kanarie/i, /48151623/, /4815162342/, /1815-12-10/, /1815-12/];
// Every character that a connection string, a shell or SQL could trip over.
export const PASSWORD = `Kennwort p' "q" \\ $$ a=b\n&ü%20ß`;

export type SourceName = 'postgres' | 'mariadb';

export interface CanaryServers extends AsyncDisposable {
  postgres: PostgresServer;
  mariadb: MysqlServer;
}

/** Servers whose tables hold the canaries. */
export async function startCanaryServers(): Promise<CanaryServers> {
  const [postgres, mariadb] = await Promise.all([
    startPostgres({ password: PASSWORD }),
    startMysql({ password: PASSWORD, settings: { sql_mode: '' } }),
  ]);
  await Promise.all([createPostgresTables(postgres), createMariadbTables(mariadb)]);
  return {
    postgres,
    mariadb,
    async [Symbol.asyncDispose]() {
      await Promise.all([postgres.stop(), mariadb.stop()]);
    },
  };
}

const createPostgresTables = (postgres: PostgresServer) =>
  postgres.query(`
    CREATE TYPE mood AS ENUM ('Kanarie (im Enum)', 'other');
    CREATE DOMAIN small AS int CHECK (value < 100);
    CREATE TABLE people (id int, name text DEFAULT 'Kanarie-im-Default', salary numeric(12,2), born date, raw bytea, big bigint,
      many text[], since timestamp);
    INSERT INTO people VALUES (1, '${NAME}', ${SALARY}, '1815-12-10', '${NAME}', 4815162342, ARRAY['${NAME}'], '1815-12-10');
    CREATE TABLE moods (id int, mood mood, all_moods mood[]);
    INSERT INTO moods VALUES (1, 'Kanarie (im Enum)', ARRAY['Kanarie (im Enum)'::mood]);
    -- Beside the canary, in the same table, what the file has no place for.
    CREATE TABLE odd AS SELECT * FROM people;
    INSERT INTO odd VALUES (2, '${NAME}', 'NaN', 'infinity', NULL, 1, ARRAY[ARRAY['${NAME}'], ARRAY['x']], 'infinity');
    CREATE FUNCTION shout(text) RETURNS int LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'no: %', $1 USING DETAIL = $1, HINT = $1, COLUMN = $1; END $$;
    CREATE FUNCTION whisper(text) RETURNS int LANGUAGE plpgsql AS
      $$ BEGIN RAISE NOTICE '%', $1; RAISE WARNING '%', $1; RAISE INFO '%', $1; RETURN 1; END $$;
    CREATE FUNCTION run(text) RETURNS int LANGUAGE plpgsql AS $$ DECLARE r int; BEGIN EXECUTE $1 INTO r; RETURN r; END $$;
    -- What calls itself immutable or stable is run when a query is planned: before Ferry reads anything.
    CREATE FUNCTION planned() RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT name FROM people';
    CREATE FUNCTION estimated() RETURNS int STABLE LANGUAGE plpgsql AS
      $$ DECLARE x text; BEGIN SELECT name INTO x FROM people; RETURN shout(x); END $$;
    CREATE VIEW planned_cast AS SELECT planned()::int AS v;
    CREATE VIEW planned_shout AS SELECT * FROM people WHERE id < estimated();
    CREATE VIEW planned_sql AS SELECT * FROM people WHERE id < run(planned());
    CREATE VIEW planned_denial AS SELECT * FROM people WHERE id < run('SELECT "permission denied for ' || planned() || '"')`);

const createMariadbTables = async (mariadb: MysqlServer) => {
  await mariadb.query(`
    CREATE TABLE people (id int PRIMARY KEY, name varchar(100) DEFAULT 'Kanarie-im-Default', salary decimal(12,2), born date,
      big bigint unsigned, mood enum('Kanarie-im-Enum', 'other'), wide decimal(50,2));
    INSERT INTO people VALUES (1, '${NAME}', ${SALARY}, '1815-12-10', 4815162342, 'Kanarie-im-Enum', ${SALARY});
    CREATE TABLE two (name varchar(100));
    INSERT INTO two VALUES ('${NAME}'), ('${NAME}');
    CREATE TABLE odd (name varchar(100), born date, at datetime);
    INSERT INTO odd VALUES ('${NAME}', '1815-12-10', '1815-12-10 10:00:00'), ('${NAME}', '0000-00-00', '1815-12-00 00:00:00')`);
  await mariadb.query(`CREATE FUNCTION shout(x varchar(100)) RETURNS int DETERMINISTIC
    BEGIN DECLARE said varchar(128); SET said = CONCAT('no: ', x); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = said; RETURN 1; END`);
  await mariadb.query(`CREATE FUNCTION planned() RETURNS varchar(100) DETERMINISTIC READS SQL DATA
    BEGIN DECLARE x varchar(100); SELECT CONCAT('~', name) INTO x FROM people; RETURN x; END`);
  await mariadb.query('CREATE VIEW planned_shout AS SELECT shout(planned()) AS v');
};

export function expectNoData(text: string): void {
  for (const canary of canaries) expect(text).not.toMatch(canary);
}
