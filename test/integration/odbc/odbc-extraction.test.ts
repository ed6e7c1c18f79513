import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTortureMysql } from '../../support/mysql-catalog/create.ts';
import { extractMysql } from '../../support/mysql-catalog/extract.ts';
import type { MysqlServer } from '../../support/servers/mysql-server.ts';
import { ODBC_DRIVERS, odbcDrivers } from '../../support/tools/odbc-drivers.ts';
import {
  OWNER,
  POSTGRES_15,
  POSTGRES_18,
  STRANGER,
  startTortureServer,
  TORTURE_DATABASE,
  type TortureServer,
} from '../../support/torture-catalog/create.ts';
import { extractTorture } from '../../support/torture-catalog/extract.ts';

// The catalogs with everything that is odd, entity by entity the same through a driver as with DuckDB's own client.

const odbc = async (product: 'postgresql' | 'mariadb') => ({
  type: 'odbc',
  odbc: { product, driver: join(await odbcDrivers(), ODBC_DRIVERS[product]) },
});

/** Entities in the order of their names, without what differs from run to run. */
const comparable = (entities: readonly unknown[]) =>
  entities
    .map((entity) =>
      JSON.stringify(entity, (key, value) =>
        /^lastSync(RunAt|WorkflowName|Run)$/.test(key) ? undefined : value,
      ),
    )
    .sort();

describe.each([
  { version: 15, binaries: POSTGRES_15 },
  { version: 18, binaries: POSTGRES_18 },
])('the torture catalog of Postgres $version through ODBC', ({ binaries }) => {
  let server: TortureServer;
  beforeAll(async () => {
    server = await startTortureServer(binaries);
  });
  afterAll(() => server?.stop());

  it.each([
    ['its owner', OWNER],
    ['a login without any privilege', STRANGER],
  ])('is the same for %s', async (_who, login) => {
    const source = await odbc('postgresql');
    await using native = await extractTorture(server, TORTURE_DATABASE, login, { details: true });
    await using through = await extractTorture(server, TORTURE_DATABASE, login, { source, details: true });
    expect(through.entities.length).toBeGreaterThan(300);
    expect(comparable(through.entities)).toEqual(comparable(native.entities));
    expect(through.result.warnings).toEqual(native.result.warnings);
  });
});

describe('the torture catalog of MariaDB through ODBC', () => {
  let server: MysqlServer;
  beforeAll(async () => {
    server = await startTortureMysql({ flavor: 'mariadb' });
  });
  afterAll(() => server?.stop());

  it('is the same', async () => {
    await using native = await extractMysql(server, { details: true });
    await using through = await extractMysql(server, { source: await odbc('mariadb'), details: true });
    expect(through.entities.length).toBeGreaterThan(50);
    expect(comparable(through.entities)).toEqual(comparable(native.entities));
    expect(through.result.warnings).toEqual(native.result.warnings);
  });
});
