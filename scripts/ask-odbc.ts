// What DuckDB's extension makes of a driver's answers, for a driver that has no profile yet (docs/adding-a-source.md):
// ODBC='Server=…;UID=…;PWD=…' npm run odbc -- ./drivers/libacme.so 'SELECT 1 AS a' 'SELECT …'
import { join, resolve } from 'node:path';
import { findExtension } from '../shared/duckdb/extensions.ts';
import { openWithExtension } from '../shared/duckdb/open-with-extension.ts';
import { quoteLiteral } from '../shared/duckdb/sql-text.ts';
import { asciiPath } from '../shared/source/odbc/ascii-path.ts';
import { loadDriver } from '../shared/source/odbc/find-driver.ts';
import { saidByDriver, withoutSecrets } from '../shared/source/odbc/odbc-messages.ts';

async function main([file, ...statements]: readonly string[]): Promise<void> {
  if (file === undefined || statements.length === 0)
    throw new Error(
      "Write: ODBC='Server=…;UID=…' npm run odbc -- FILE_OF_THE_DRIVER SQL …; all SQL goes over one connection.",
    );
  const driver = resolve(file);
  loadDriver(driver, []);
  const folder = join(import.meta.dirname, '..', '.cache', 'extensions');
  const instance = await openWithExtension(findExtension('odbc_scanner', [folder]), {});
  const connection = await instance.connect();
  // In memory only, and bound: it may contain a password.
  const text = `Driver=${asciiPath(driver)};${process.env.ODBC ?? ''}`;
  await connection.run('SET VARIABLE ferry = odbc_connect($1)', [text]).catch((error: unknown) => {
    throw new Error(withoutSecrets(String(error), [text, process.env.ODBC ?? '']));
  });
  for (const sql of statements) {
    process.stdout.write(`${sql}\n`);
    try {
      const asked = `SELECT * FROM odbc_query(getvariable('ferry'), ${quoteLiteral(sql)})`;
      const answer = await connection.runAndReadAll(asked);
      const types = answer.columnTypes();
      const names = answer.columnNames().map((name, index) => `${name} ${types[index]}`);
      const rows = answer.getRowsJson().map((row) => JSON.stringify(row));
      for (const line of [names.join(', '), ...rows]) process.stdout.write(`  ${line}\n`);
    } catch (error) {
      process.stdout.write(`  refused: ${saidByDriver(String(error))}\n`);
    }
  }
  connection.closeSync();
}

if (import.meta.main) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
