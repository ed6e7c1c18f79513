import type { DuckDBConnection } from '@duckdb/node-api';
import { quoteLiteral } from '../../duckdb/sql-text.ts';
import type { ParallelReading } from '../dialect.ts';

/**
 * Under which conditions DuckDB's client has its connections share one exported snapshot; it reads on without one where
 * they do not hold, and says nothing (duckdb-postgres #381). Amazon's Postgres is among those, recognised by its
 * settings.
 */
const conditions = `
  SELECT
    pg_is_in_recovery() AS standby,
    (SELECT count(*) FROM pg_stat_wal_receiver) AS receivers,
    version() AS version,
    (SELECT count(*) FROM pg_settings WHERE name LIKE 'rds%' OR name LIKE 'aurora%' OR name LIKE 'apg%') AS amazon,
    (SELECT reset_val FROM pg_settings WHERE name = 'transaction_timeout') AS transaction_limit,
    (SELECT reset_val FROM pg_settings WHERE name = 'lock_timeout') AS lock_limit,
    (SELECT reset_val FROM pg_settings WHERE name = 'gin_fuzzy_search_limit') AS search_limit,
    pg_export_snapshot() IS NOT NULL AS exported`;

// As the client itself exports the snapshot of its first connection, once for each scan of a table.
const exportStatement = 'pg_export_snapshot(), (select count(*) from pg_stat_wal_receiver)';

const UNLIMITED = 'the login has no lock_timeout, and a pooler takes none from Ferry for all connections';

async function findObstacle(connection: DuckDBConnection): Promise<string | undefined> {
  let row: Record<string, unknown> | undefined;
  try {
    const reader = await connection.runAndReadAll(`SELECT * FROM postgres_query('db', $1)`, [conditions]);
    [row] = reader.getRowObjectsJS();
  } catch {
    return 'the source exports no snapshot';
  }
  if (!row) return 'the source exports no snapshot';
  if (row.standby !== false) return 'the source is a standby, whose connections cannot share a snapshot';
  if (Number(row.receivers) > 0) return 'the source receives its data from another server';
  if (Number(row.amazon) > 0 || /aurora|redshift|cockroach|yugabyte|greenplum/i.test(String(row.version)))
    return 'this kind of Postgres does not share snapshots';
  // Ferry lifts it on its own connections, but cannot do so on the additional ones that the client opens.
  if (![null, '0'].includes(row.transaction_limit as string | null))
    return 'the login has a transaction_timeout, which cannot be lifted on all connections';
  // A filter that DuckDB sends may search a GIN index, which then leaves out rows.
  if (![null, '0'].includes(row.search_limit as string | null))
    return 'the login has a gin_fuzzy_search_limit, which cannot be lifted on all connections';
  // An ALTER TABLE that queues between two of the connections waits for the first one, and the second one for it. Nobody
  // would end that, as the server does not know that the two belong together.
  if (row.lock_limit === '0') return UNLIMITED;
  return row.exported === true ? undefined : 'the source exports no snapshot';
}

/**
 * One of the settings that Ferry has changed for its transaction, which the additional connections of the client do not
 * know: they print by the login's own. From 1 on, extra_float_digits makes no difference since Postgres 12.
 */
const otherSettings = (names: string) => `
  SELECT pg_catalog.min(s.name) FROM pg_catalog.pg_settings AS s
  WHERE pg_catalog.lower(s.name) IN (${names}) AND s.setting <> s.reset_val
    AND NOT (s.name = 'extra_float_digits' AND s.reset_val::pg_catalog.int4 > 0
      AND pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 120000)`;

/** The client's own `pg_pages_per_task`: the last part of a table may be smaller, so two parts begin with twice as many. */
const PAGES_PER_PART = 1_000;

const ONE_CONNECTION = "CALL postgres_configure_pool(catalog_name='db', max_connections=1)";

/** Reading one Postgres table over several connections that share one snapshot. */
export const postgresParallelReading: ParallelReading = {
  settings: (connections) => [
    `SET GLOBAL pg_pool_max_connections=${connections}`,
    'SET GLOBAL pg_use_ctid_scan=true',
    // Between two parts of the table, a connection is idle in its transaction while this machine writes.
    'SET GLOBAL pg_idle_in_transaction_timeout_millis=0',
    // What the client sends, in memory: the only evidence of which snapshot a connection read.
    "CALL enable_logging('PostgresQueryLog')",
  ],
  fallBack: ['SET GLOBAL pg_use_ctid_scan=false', ONE_CONNECTION],
  fallBackLate: ONE_CONNECTION,

  async isSmall(ask, { schema, table }) {
    // The client goes by the same estimate; it is zero for a view, and for a table that nobody has analysed.
    const { rows } = await ask(
      `SELECT pg_catalog.max(c.relpages) FROM pg_catalog.pg_class AS c
       JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
       WHERE pg_catalog.lower(n.nspname) = pg_catalog.lower(${quoteLiteral(schema)})
         AND pg_catalog.lower(c.relname) = pg_catalog.lower(${quoteLiteral(table)})`,
    );
    return Number(rows[0]?.[0] ?? 0) < 2 * PAGES_PER_PART;
  },

  async prepare(connect, connections, beginning) {
    // All are opened now: a connection opened later would use a password that may have changed since.
    const opened: DuckDBConnection[] = [];
    try {
      for (let n = 0; n < connections; n += 1) {
        const connection = await connect();
        opened.push(connection);
        await connection.run('BEGIN');
        // A limit on idle transactions would end this one while the others are opened.
        await connection.run('SELECT * FROM postgres_query($1, $2)', ['db', beginning]);
      }
      const obstacle = await findObstacle(opened[0] as DuckDBConnection);
      return obstacle;
    } catch (error) {
      return /too many (connections|clients)|connection slots/i.test(String(error))
        ? 'the source does not have enough connections left'
        : 'the source did not keep all connections open';
    } finally {
      // Closed in a transaction, a connection that the server has ended would end the whole process: DuckDB cannot roll
      // it back, and throws where nothing can catch that.
      for (const connection of opened) await connection.run('ROLLBACK').catch(() => {});
      for (const connection of opened) connection.closeSync();
    }
  },

  async findTableObstacle(ask, { schema, table, printedBy }) {
    const names = printedBy.map((name) => quoteLiteral(name.toLowerCase())).join(', ') || 'NULL';
    const { rows } = await ask(
      `SELECT pg_catalog.row_security_active(c.oid), (${otherSettings(names)}) FROM pg_catalog.pg_class AS c
       JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
       WHERE n.nspname = ${quoteLiteral(schema)} AND c.relname = ${quoteLiteral(table)}`,
    );
    const [[isSecured, setting] = []] = rows;
    // Its functions may change settings, which can be seen on one connection only.
    if (isSecured === true) return 'row-level security applies to the login';
    return typeof setting === 'string'
      ? `the login has its own ${setting}, by which other connections would print values differently`
      : undefined;
  },

  async verify(connection) {
    // Each additional connection begins a transaction and then imports the snapshot; one that did not has read another.
    const reader = await connection.runAndReadAll(`
      WITH said AS (SELECT message, row_number() OVER (ORDER BY timestamp) AS n
                    FROM duckdb_logs WHERE type = 'PostgresQueryLog'),
        exported AS (SELECT count(*) AS times, max(n) AS n FROM said WHERE message LIKE '%${exportStatement}%')
      SELECT (SELECT times FROM exported),
        count(*) FILTER (message LIKE '%BEGIN TRANSACTION%'), count(*) FILTER (message LIKE '%SET TRANSACTION SNAPSHOT%')
      FROM said WHERE n > (SELECT coalesce(n, 0) FROM exported)`);
    const [exports, begun, imports] = (reader.getRowsJS()[0] ?? []).map(Number);
    // A view, or a table that is small or unknown to the planner, is read in one part, without exporting a snapshot.
    if (exports === 0) return 'alone';
    if (exports !== 1 || begun !== imports) return 'apart';
    return imports === 0 ? 'alone' : 'shared';
  },
};
