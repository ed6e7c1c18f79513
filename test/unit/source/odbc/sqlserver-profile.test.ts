import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sqlServerProfile } from '../../../../shared/source/odbc/sqlserver/sqlserver-profile.ts';
import {
  planSqlServerColumn,
  sqlServerText,
} from '../../../../shared/source/odbc/sqlserver/sqlserver-types.ts';

// No SQL Server was available: these hold what its documentation says to what Ferry makes of it. What a server answers is written down
// here as that documentation has it.

let instance: DuckDBInstance;
let make: (plan: ReturnType<typeof planSqlServerColumn>, sent: string | null) => Promise<unknown>;
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run("SET TimeZone='UTC'");
  make = async ({ inDuckdb, type }, sent) => {
    const value = sent === null ? 'NULL::VARCHAR' : `'${sent}'`;
    const sql = inDuckdb?.('v', '', "error('refused')") ?? 'v';
    const reader = await connection.runAndReadAll(
      `SELECT CAST(CAST(${sql} AS ${type}) AS VARCHAR) FROM (SELECT ${value} AS v)`,
    );
    return reader.getRowsJS()[0]?.[0];
  };
});
afterAll(() => instance?.closeSync());

const plan = (declared: string) => planSqlServerColumn({ name: 'x', declared }, 'q.c0');

describe('types of SQL Server', () => {
  it.each<[string, string, string, string | null, string | null]>([
    ['int', 'INTEGER', 'CONVERT(varchar(max), q.c0)', '-5', '-5'],
    ['tinyint', 'UTINYINT', 'CONVERT(varchar(max), q.c0)', '255', '255'],
    ['bit', 'BOOLEAN', 'CONVERT(varchar(max), q.c0)', '1', 'true'],
    ['decimal(10,2)', 'DECIMAL(10,2)', 'CONVERT(varchar(max), q.c0)', '-12.34', '-12.34'],
    ['decimal(38,10)', 'DECIMAL(38,10)', 'CONVERT(varchar(max), q.c0)', '1.0000000001', '1.0000000001'],
    [
      'money',
      'DECIMAL(19,4)',
      'CONVERT(varchar(max), CONVERT(decimal(19,4), q.c0))',
      '922337203685477.5807',
      '922337203685477.5807',
    ],
    ['float', 'DOUBLE', 'CONVERT(varchar(max), q.c0, 3)', '1.0000000000000000e-001', '0.1'],
    ['date', 'DATE', "CONVERT(varchar(max), DATEDIFF(day, '19700101', q.c0))", '19789', '2024-03-07'],
    [
      'datetime2(7)',
      'TIMESTAMP',
      'CONVERT(varchar(max), CONVERT(datetime2(7), q.c0), 121)',
      '2024-03-07 08:09:10.1234560',
      '2024-03-07 08:09:10.123456',
    ],
    [
      'datetimeoffset(7)',
      'TIMESTAMP WITH TIME ZONE',
      "CONVERT(varchar(max), CONVERT(datetime2(7), SWITCHOFFSET(q.c0, 0)), 121) + '+00'",
      '2024-03-07 08:09:10.1000000+00',
      '2024-03-07 08:09:10.1+00',
    ],
    [
      'time(7)',
      'TIME',
      'CONVERT(varchar(max), CONVERT(time(7), q.c0), 121)',
      '08:09:10.1234560',
      '08:09:10.123456',
    ],
    [
      'varbinary(max)',
      'BLOB',
      'CONVERT(varchar(max), CONVERT(varbinary(max), q.c0), 2)',
      '00FF',
      '\\x00\\xFF',
    ],
    [
      'uniqueidentifier',
      'UUID',
      'CONVERT(varchar(max), q.c0)',
      '6F9619FF-8B86-D011-B42D-00C04FC964FF',
      '6f9619ff-8b86-d011-b42d-00c04fc964ff',
    ],
    [
      'nvarchar(50)',
      'VARCHAR',
      'CONVERT(varchar(max), CONVERT(varbinary(max), CONVERT(nvarchar(max), q.c0)), 2)',
      Buffer.from('ß😀"\\', 'utf16le').toString('hex').toUpperCase(),
      'ß😀"\\',
    ],
    ['int', 'INTEGER', 'CONVERT(varchar(max), q.c0)', null, null],
  ])('%s', async (declared, type, atSource, sent, read) => {
    expect(plan(declared)).toMatchObject({ type, atSource });
    expect(await make(plan(declared), sent)).toBe(read);
  });

  it.each([
    ['decimal(10,2)', '1.234'],
    ['int', '1.5'],
    ['datetime2(7)', '2024-03-07 08:09:10.1234567'],
    ['nvarchar(50)', '3DD8'],
  ])('%s refuses %s', async (declared, sent) => {
    await expect(make(plan(declared), sent)).rejects.toThrow('refused');
    expect(plan(declared).refusal).toBeDefined();
  });

  it('text of any column is its letters', async () => {
    const text = { name: 'x', sourceType: 'date', type: 'VARCHAR', ...sqlServerText('q.c0', 'x') };
    expect(await make(text, Buffer.from('2024-03-07', 'utf16le').toString('hex'))).toBe('2024-03-07');
  });
});

describe('connections to SQL Server', () => {
  const login = {
    host: 'db.example.org',
    port: 1433,
    username: 'u',
    password: 'p',
    database: 'd',
    address: '10.0.0.1',
  };
  const parts = (driver: string, mode: 'verify-full' | 'disable') =>
    Object.fromEntries(sqlServerProfile.connectionParts(login, { mode, caFile: undefined }, driver));

  it("verify the server with Microsoft's driver", () => {
    expect(parts('ODBC Driver 18 for SQL Server', 'verify-full')).toMatchObject({
      Server: 'tcp:db.example.org,1433',
      Encrypt: 'yes',
      TrustServerCertificate: 'no',
    });
  });

  it('are refused where FreeTDS would trust anybody', () => {
    expect(() => parts('/usr/lib/libtdsodbc.so', 'verify-full')).toThrow(/FreeTDS/);
    expect(parts('/usr/lib/libtdsodbc.so', 'disable')).toMatchObject({ Port: '1433', Encryption: 'off' });
  });
});
