import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { runExtraction } from '../../../../shared/extraction/run-extraction.ts';
import { assertOutput } from '../../../support/extraction/assert-output.ts';
import { setUpExtraction } from '../../../support/extraction/extraction-setup.ts';
import { assertRawFiles } from '../../../support/extraction/raw-files.ts';
import { startPostgres } from '../../../support/servers/postgres-server.ts';
import { queryDatabase } from '../../../support/servers/query-database.ts';
import { withoutLoginWarning } from '../../../support/source/login-warning.ts';

it('databases with slashes in their names do not share a qualifiedName', async () => {
  await using postgres = await startPostgres();
  for (const name of ['a', 'a/b', 'c/d']) await postgres.query(`CREATE DATABASE "${name}"`);
  await queryDatabase(
    postgres,
    'a',
    'CREATE SCHEMA b; CREATE TABLE b.s (x int); CREATE SCHEMA "b/s"; CREATE TABLE "b/s".t (x int)',
  );
  await queryDatabase(postgres, 'a/b', 'CREATE SCHEMA s; CREATE TABLE s.t (x int)');
  await using setup = await setUpExtraction(postgres);
  const record = await runExtraction(setup.options({ databases: ['a', 'a/b', 'c/d'] }));
  expect(record.state).toBe('succeeded');
  const folder = dirname(record.manifest ?? '');
  const entities = await assertOutput(folder);
  await assertRawFiles(folder);
  const databases = entities.filter(({ typeName }) => typeName === 'Database');
  expect(
    databases.map(({ attributes: { name, qualifiedName } }) => [
      name,
      qualifiedName.split('/').slice(3).join('/'),
    ]),
  ).toEqual([
    ['a', 'a'],
    ['a/b', 'a%2Fb'],
    ['c/d', 'c/d'],
  ]);
  expect(withoutLoginWarning(record.warnings)).toEqual([
    expect.stringMatching(/^erp\/a: Two entities would be \S+\/a\/b\/s: .* \S+\/a\/b\/%73, /),
    expect.stringMatching(/^erp\/a\/b: The database a\/b appears as a%2Fb /),
  ]);
}, 120_000);
