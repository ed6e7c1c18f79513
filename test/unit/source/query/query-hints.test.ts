import { expect, it } from 'vitest';
import { mysqlQueryHint } from '../../../../shared/source/mysql/mysql-query-hint.ts';
import { postgresQueryHint } from '../../../../shared/source/postgres/postgres-query-hint.ts';

// What the servers say is from Postgres 15 and MariaDB 10.11.

it.each([
  ['permission denied for table geheim', 'GRANT SELECT ON geheim TO this user.'],
  ['permission denied for materialized view umsatz', 'GRANT SELECT ON umsatz TO this user.'],
  ['permission denied for schema public', 'GRANT USAGE ON SCHEMA public TO this user'],
  ['permission denied for function steuer', 'GRANT EXECUTE ON FUNCTION steuer TO this user.'],
  ['keine Berechtigung für Tabelle geheim', 'GRANT SELECT ON geheim TO this user.'],
  ['relation "db.orders" does not exist', 'is for a duckdbQuery'],
  [
    'relation "straßen" does not exist',
    'Names with capitals, blanks or other characters stand in double quotes.',
  ],
  ['column "open" does not exist', 'Texts stand in single quotes'],
  [
    'function strftime(timestamp with time zone, unknown) does not exist',
    'those of DuckDB need a duckdbQuery',
  ],
  ['syntax error at or near "SELEKT"', 'Run the query on the source itself'],
])('Postgres: %s', (said, hint) => {
  expect(postgresQueryHint(said)).toContain(hint);
});

it.each([
  [
    "SELECT command denied to user 'ferry'@'localhost' for table `mysql`.`user`",
    'GRANT SELECT ON mysql.user TO',
  ],
  ["SELECT command denied to user 'ferry'@'localhost' for table 'user'", 'GRANT SELECT ON user TO'],
  ["execute command denied to user 'ferry'@'localhost' for routine 'shop.strftime'", 'that it does not have'],
  ["Table 'shop.artikl' doesn't exist", 'Check the name'],
  [
    `You have an error in your SQL syntax; check … to use near '"artikel"' at line 1`,
    'Names stand in backticks',
  ],
  [
    "You have an error in your SQL syntax; check … to use near '::text FROM artikel' at line 1",
    'CAST(x AS CHAR)',
  ],
  ["You have an error in your SQL syntax; check … to use near 'SELECT 2' at line 1", 'several statements'],
])('MariaDB and MySQL: %s', (said, hint) => {
  expect(mysqlQueryHint(said)).toContain(hint);
});
