import { parseArgs } from 'node:util';
import { formatTable } from '../cli/output/output.ts';
import type { SourceConfig } from '../shared/config/schema/ferry-config.ts';
import { formatCount } from '../shared/text/format.ts';
import { startMysql } from '../test/support/servers/mysql-server.ts';
import { startPostgres } from '../test/support/servers/postgres-server.ts';
import { readThroughFerry, type TestServer } from '../test/support/sync/read-through-ferry.ts';
import { createMariadbLineitem, createPostgresLineitem } from './lineitem.ts';
import { median } from './measured-process.ts';

const queries = [
  { name: 'query', sync: { query: 'SELECT * FROM lineitem' } },
  { name: 'duckdbQuery', sync: { duckdbQuery: 'SELECT * FROM db.lineitem' } },
] as const;

/**
 * `npm run bench -- exactness [--rows 2000000] [--repeat 3]`: what exact types cost, from connecting to the finished
 * Parquet file, compared with the same query with `types: compatible`, which is sent as it is. They alternate, so that
 * both get the same share of other load.
 */
export async function measureExactness(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rows: { type: 'string', default: '2000000' }, repeat: { type: 'string', default: '3' } },
  });
  const [rows, repeat] = [Number(values.rows), Number(values.repeat)];
  await using postgres = await startPostgres({ settings: { max_wal_size: '4GB' } });
  await using mariadb = await startMysql({
    flavor: 'mariadb',
    settings: { 'innodb-buffer-pool-size': '1G' },
  });
  process.stderr.write(`Making ${formatCount(rows, 'row')} in Postgres and in MariaDB …\n`);
  await postgres.query(createPostgresLineitem(rows));
  await mariadb.query(createMariadbLineitem(rows));
  const table: string[][] = [];
  for (const [kind, server] of [
    ['postgres', postgres],
    ['mysql', mariadb],
  ] as const) {
    for (const { name, sync } of queries)
      table.push([kind, name, ...(await compare(kind, server, sync, repeat))]);
  }
  process.stdout.write(
    `${formatTable(['SOURCE', 'READ BY', 'READING', 'COMPATIBLE s', 'EXACT s', 'EXACT / COMPATIBLE'], table, [3, 4, 5])}\n`,
  );
}

async function compare(
  kind: SourceConfig['type'],
  server: TestServer,
  sync: Record<string, unknown>,
  repeat: number,
) {
  const seconds: Record<'exact' | 'compatible', number[]> = { exact: [], compatible: [] };
  let reading = '';
  for (let round = 0; round <= repeat; round += 1) {
    for (const types of ['compatible', 'exact'] as const) {
      const started = performance.now();
      const result = await readThroughFerry(kind, server, { sync: { ...sync, types }, withContent: false });
      reading = result.reading.mode;
      // The first round warms the source's cache.
      if (round > 0) seconds[types].push((performance.now() - started) / 1000);
    }
  }
  const [exact, compatible] = [median(seconds.exact), median(seconds.compatible)];
  return [reading, compatible.toFixed(2), exact.toFixed(2), (exact / compatible).toFixed(2)];
}
