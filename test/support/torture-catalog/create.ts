import { readFileSync } from 'node:fs';
import pg from 'pg';
import { type PostgresOptions, type PostgresServer, startPostgres } from '../servers/postgres-server.ts';
import { sqlFor } from './older-versions.ts';

/** The database that holds what main.sql makes; its name is as bad as they come. */
export const TORTURE_DATABASE = `Tör/ture "db" d'b 🐘`;
/** Without any schema. */
export const EMPTY_DATABASE = 'empty';
/** Of collisions.sql. */
export const COLLISIONS_DATABASE = 'collisions';
/** Of hostile.sql. */
export const HOSTILE_DATABASE = 'hostile';

/** Who reads: the owner of (nearly) everything, and one whom nothing was granted. */
export const OWNER = { username: 'ferry_owner', password: 'owner' };
export const STRANGER = { username: 'ferry_stranger', password: 'stranger' };

/** The servers that tests run against, as `binaries`. */
export const POSTGRES_15 = '15';
export const POSTGRES_18 = 'embedded';

/** A server with the torture catalog. */
export interface TortureServer extends PostgresServer {
  /** Such as 18. */
  major: number;
  /** A separate connection to one of its databases, as the superuser by default; the caller ends it. */
  connect(database: string, login?: { username: string; password: string }): Promise<pg.Client>;
}

/** Starts a server and fills it: roles, and the four databases above. */
export async function startTortureServer(
  binaries: NonNullable<PostgresOptions['binaries']>,
): Promise<TortureServer> {
  // Statistics come from ANALYZE alone, so that it is known which table has some.
  const server = await startPostgres({ binaries, settings: { autovacuum: 'off' } });
  const major = Number.parseInt(server.version, 10);
  const connect: TortureServer['connect'] = async (database, login) => {
    const { host, port } = server;
    const { username: user, password } = login ?? { username: server.user, password: server.password };
    const client = new pg.Client({ host, port, user, password, database });
    await client.connect();
    return client;
  };
  try {
    await server.query(readSql('roles.sql'));
    await fill(TORTURE_DATABASE, ['main.sql', ...(major >= 18 ? ['postgres-18.sql'] : [])]);
    await fill(EMPTY_DATABASE, ['empty.sql']);
    await fill(COLLISIONS_DATABASE, ['collisions.sql']);
    await fill(HOSTILE_DATABASE, ['hostile.sql']);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { ...server, major, connect };

  async function fill(database: string, files: readonly string[]): Promise<void> {
    await server.query(`CREATE DATABASE ${pg.escapeIdentifier(database)}`);
    const client = await connect(database);
    try {
      for (const file of files) await client.query(sqlFor(major, readSql(file)));
    } finally {
      await client.end();
    }
  }
}

function readSql(file: string): string {
  return readFileSync(new URL(`./sql/${file}`, import.meta.url), 'utf8');
}
