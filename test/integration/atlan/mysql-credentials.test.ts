import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusal } from '../../support/atlan/refusals.ts';
import { type AtlanServer, endOf, startAtlan, startRun } from '../../support/atlan/start-atlan.ts';
import { FLAVORS } from '../../support/mysql-catalog/create.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';

const PASSWORD = 'ganz-geheim-4711';
const connection = { connection_name: 'shop', connection_qualified_name: 'default/mysql/1745501106' };
const metadata = { 'include-filter': '{"^def$":["^shop$"]}', 'exclude-filter': '', 'temp-table-regex': '' };

describe.each(FLAVORS)('credentials of a caller for %s', (flavor) => {
  let server: MysqlServer;
  let atlan: AtlanServer;
  let credentials: Record<string, unknown>;
  beforeAll(async () => {
    [server, atlan] = await Promise.all([
      startMysql({ flavor, settings: {} }),
      startAtlan({ args: ['--allow-hosts', '127.0.0.0/8'] }),
    ]);
    await server.query(`
      CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY);
      CREATE USER reader@'%' IDENTIFIED BY '${PASSWORD}'; GRANT SELECT, SHOW VIEW ON shop.* TO reader@'%'`);
    credentials = {
      connectorName: 'mysql',
      host: server.host,
      port: String(server.port),
      username: 'reader',
      password: PASSWORD,
      extra: { database: 'shop' },
    };
  });
  afterAll(async () => {
    await atlan?.stop();
    await server?.stop();
  });

  it('sign in, or are refused', async () => {
    expect(await atlan.post('auth', credentials)).toMatchObject({ status: 200, body: { success: true } });
    const refused = await atlan.post('auth', { ...credentials, password: 'falsch' });
    expect(expectRefusal(refused, 401).data).toEqual({ status: 'invalid_credentials' });
  });

  it('are not blamed for a database that they may not use', async () => {
    const { details } = expectRefusal(
      await atlan.post('auth', { ...credentials, extra: { database: 'mysql' } }),
      403,
    );
    expect(details).toContain('denies user "reader" access to database "mysql"');
  });

  it('list the one database, and its schemas', async () => {
    const databases = await atlan.post('metadata', { ...credentials, type: 'database' });
    expect(databases.data).toEqual([{ TABLE_CATALOG: 'def' }]);
    const schemas = await atlan.post('metadata', { ...credentials, type: 'all', database: '' });
    expect(schemas.data).toEqual([{ TABLE_CATALOG: 'def', TABLE_SCHEMA: 'shop' }]);
  });

  it.each([{ 'include-filter': '{"^def$":["^(?!tmp)"]}' }, { 'temp-table-regex': '(?=tmp)' }])(
    'are told which language a pattern is not in: %j',
    async (filters) => {
      const body = { credentials, metadata: { ...metadata, ...filters } };
      const { details } = expectRefusal(await atlan.post('check', body), 422);
      expect(details).toContain('a pattern in it is not a valid regular expression (RE2).');
    },
  );

  it('are checked, and run', async () => {
    const checked = await atlan.post('check', { credentials, metadata });
    expect(checked).toMatchObject({
      status: 200,
      data: { tablesCheck: { successMessage: 'Tables check successful. Table count: 1' } },
    });
    const started = await startRun(atlan, { credentials, connection, metadata });
    expect(await endOf(atlan, started)).toBe('COMPLETED');
    // The database, the schema, the table and its column.
    const { data } = await atlan.get(`result/${started.workflow_id}`);
    expect(data).toMatchObject({ result: { entities: 4 } });
  });
});
