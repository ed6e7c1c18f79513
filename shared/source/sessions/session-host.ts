import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { TypesMode } from '../../config/schema/ferry-config.ts';
import { closedDuckdbOptions, type DuckdbLimits } from '../../duckdb/duckdb-options.ts';
import { openWithExtension } from '../../duckdb/open-with-extension.ts';
import { quoteLiteral } from '../../duckdb/sql-text.ts';
import type { Dialect } from '../dialect.ts';

/** The DuckDB in which a session attaches its source. */
export interface SessionHost {
  connection: DuckDBConnection;
  /** The name that the source is attached as. */
  name: string;
  /** Another connection to the same DuckDB. */
  connect(): Promise<DuckDBConnection>;
  /** Ends all access to the outside except the attached source and this folder. Called once the source is attached. */
  closeOff(outputFolder: string): Promise<void>;
  close(): void;
  /**
   * Frees everything once an abandoned statement has ended: closing now would wait for it. If this were left to the
   * garbage collector, a transaction whose server has gone by then would end the whole process: DuckDB cannot roll it
   * back, and throws where nothing can catch that.
   *
   * @param running the statement
   */
  abandon(running: Promise<unknown>): void;
  /**
   * Leaves the DuckDB open until an abandoned statement on another connection has ended, whenever this host is closed.
   *
   * @param running never rejects
   */
  hold?(running: Promise<unknown>): void;
}

/** What a DuckDB must have to read a source. */
export interface InstanceNeeds {
  dialect: Dialect;
  /** Path of the extension. */
  extension: string;
  mode: TypesMode;
}

/** A DuckDB that is not locked down yet. */
export interface PreparedInstance {
  instance: DuckDBInstance;
  connection: DuckDBConnection;
}

/** What every host needs from an instance before it is locked down. */
export async function prepareInstance(
  limits: DuckdbLimits,
  { dialect, extension, mode }: InstanceNeeds,
): Promise<PreparedInstance> {
  const instance = await openWithExtension(extension, await closedDuckdbOptions(limits));
  const connection = await instance.connect();
  try {
    for (const setting of dialect.settings(mode)) await connection.run(setting);
    // For every connection, because an instance that several sessions share has one for each.
    await connection.run("SET GLOBAL TimeZone='UTC'");
    return { instance, connection };
  } catch (error) {
    connection.closeSync();
    instance.closeSync();
    throw error;
  }
}

/** Ends the transaction of a connection once its running statement has ended. Never rejects. */
export async function rollBackAfter(running: Promise<unknown>, connection: DuckDBConnection): Promise<void> {
  await running.catch(() => {});
  await connection.run('ROLLBACK').catch(() => {});
}

/** Closes what the dialect opened itself; undefined if that is nothing. Never rejects. */
export function detachFrom(
  connection: DuckDBConnection,
  dialect: Dialect,
  name: string,
): Promise<unknown> | undefined {
  const sql = dialect.detach?.(name);
  return sql === undefined ? undefined : connection.run(sql).catch(() => {});
}

/** At once if there is nothing to wait for. */
export function closeAfter(detaching: Promise<unknown> | undefined, close: () => void): void {
  if (detaching === undefined) close();
  else void detaching.then(close);
}

/**
 * A session's own DuckDB, which can access only its source and its output folder (docs/architecture.md, "Locking DuckDB
 * down").
 *
 * @param prepared one that has been opened for it
 */
export async function openOwnHost(
  limits: DuckdbLimits,
  needs: InstanceNeeds,
  prepared: PreparedInstance | undefined,
): Promise<SessionHost> {
  const { instance, connection } = prepared ?? (await prepareInstance(limits, needs));
  let left = false;
  const held = new Set<Promise<unknown>>();
  const closeAll = () => {
    connection.closeSync();
    instance.closeSync();
  };
  return {
    connection,
    name: 'db',
    connect: () => instance.connect(),
    async closeOff(outputFolder) {
      await connection.run(`SET allowed_directories=[${quoteLiteral(`${outputFolder}/`)}]`);
      await connection.run('SET enable_external_access=false');
      await connection.run('SET lock_configuration=true');
    },
    hold(running) {
      const ended = running.finally(() => held.delete(ended));
      held.add(ended);
    },
    close() {
      if (left) return;
      left = true;
      const detaching = detachFrom(connection, needs.dialect, 'db');
      closeAfter(held.size === 0 ? detaching : Promise.all([detaching, ...held]), closeAll);
    },
    abandon(running) {
      if (left) return;
      left = true;
      void rollBackAfter(running, connection)
        .then(() => Promise.all(held))
        .then(() => detachFrom(connection, needs.dialect, 'db'))
        .then(closeAll);
    },
  };
}

/** Another connection of a host's DuckDB to the same source, for a session beside the host's own. */
export async function besideHost(host: SessionHost): Promise<SessionHost> {
  const connection = await host.connect();
  let left = false;
  return {
    connection,
    name: host.name,
    connect: () => host.connect(),
    closeOff: async () => {},
    close() {
      if (left) return;
      left = true;
      connection.closeSync();
    },
    abandon(running) {
      if (left) return;
      left = true;
      host.hold?.(rollBackAfter(running, connection).then(() => connection.closeSync()));
    },
  };
}
