// DuckDB alone, as the Go connector uses it: a scan of the attached table over several connections, with the
// defaults, into one file. usage: node duckdb-alone.ts TYPE CONNECTION TABLE FILE EXTENSION
import { DuckDBInstance } from '@duckdb/node-api';

const [type = '', connectionString = '', table = '', file = '', extension = ''] = process.argv.slice(2);
const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
await connection.run(`LOAD ${text(extension)}`);
await connection.run(`ATTACH ${text(connectionString)} AS db (TYPE ${type}, READ_ONLY)`);
await connection.run(`COPY (SELECT * FROM db.${table}) TO ${text(file)} (FORMAT parquet)`);
connection.closeSync();
instance.closeSync();
