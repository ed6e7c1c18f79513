import { readFileSync } from 'node:fs';
import { QueryError } from '../../../../errors.ts';
import { fillIn } from '../../../../text/fill-in.ts';
import type { ListedDatabase, ServerDatabase } from '../../../catalog/catalog-scope.ts';
import type { CatalogFilters } from '../../../catalog/filters.ts';
import type { AskSource } from '../../../dialect.ts';
import { assertPatterns, databaseInScope, quoteText } from './postgres-filters.ts';
import { ENCODINGS, hexOf, rawBytesOf, readSharedText, split } from './postgres-shared-texts.ts';

const closedDatabasesSql = readFileSync(new URL('./postgres-closed-databases.sql', import.meta.url), 'utf8');
const allDatabasesSql = readFileSync(new URL('./postgres-all-databases.sql', import.meta.url), 'utf8');

/**
 * SQL of a SELECT for the databases that the login may connect to, as column `name`: no templates, and none that were
 * only half dropped.
 */
export const OPEN_DATABASES = `SELECT d.datname AS name FROM pg_catalog.pg_database AS d
WHERE d.datallowconn AND NOT d.datistemplate AND d.datconnlimit <> -2
  AND pg_catalog.has_database_privilege(d.oid, 'CONNECT')`;

/** @see CatalogScope.listDatabases */
export async function listDatabases(ask: AskSource, filters: CatalogFilters): Promise<ListedDatabase[]> {
  await assertPatterns(ask, filters);
  const { rows } = await ask(
    `SELECT ${hexOf('open.name')} AS name, ${databaseInScope(filters, 'open.name')} AS in_scope, ${ENCODINGS} AS encodings
     FROM (${OPEN_DATABASES}) AS open ORDER BY open.name::text COLLATE "C"`,
  );
  const listed = readNames(rows.map(([hex, , encodings]) => [hex, encodings]));
  const kept = await Promise.all(
    listed.map(async ({ name, bytes }, index) =>
      bytes === undefined ? rows[index]?.[1] === true : isInScope(ask, filters, name),
    ),
  );
  return listed.filter((_, index) => kept[index]);
}

/** @see CatalogScope.closedDatabases */
export async function closedDatabases(
  ask: AskSource,
  filters: CatalogFilters,
): Promise<{ name: string; why: string }[]> {
  const { rows } = await ask(fillIn(closedDatabasesSql, { NAME: hexOf('d.datname'), ENCODINGS }));
  const names = readNames(rows.map(([hex, , encodings]) => [hex, encodings]));
  const closed = names.map(({ name }, index) => ({ name, why: String(rows[index]?.[1]) }));
  const kept = await Promise.all(closed.map(({ name }) => isInScope(ask, filters, name)));
  return closed.filter((_, index) => kept[index]);
}

/** @see CatalogScope.allDatabases */
export async function allDatabases(ask: AskSource): Promise<ServerDatabase[]> {
  const { rows } = await ask(fillIn(allDatabasesSql, { NAME: hexOf('d.datname'), ENCODINGS }));
  const names = readNames(rows.map(([hex, , , , encodings]) => [hex, encodings]));
  return names.map((listed, index) => {
    const [, size, closed, connected] = rows[index] ?? [];
    return {
      ...listed,
      isConnected: connected === true,
      size: size === null ? undefined : Number(size),
      closed: closed === null ? undefined : String(closed),
    };
  });
}

/**
 * Decodes the names of databases.
 *
 * @param rows the bytes of each name as hexadecimal digits, and the encodings of the server's databases
 */
function readNames(rows: readonly (readonly unknown[])[]): ListedDatabase[] {
  const hexes = new Set(rows.map(([hex]) => hex));
  return rows.map(([given, encodings]) => {
    const hex = String(given);
    const read = readSharedText(hex, split(encodings));
    const bytes = rawBytesOf(hex, read);
    // Another database has that name in UTF-8.
    const isTaken = bytes !== undefined && hexes.has(Buffer.from(read, 'utf8').toString('hex'));
    return { name: isTaken ? escapeBytes(hex) : read, bytes };
  });
}

/** As in a URL: `m%FCnchen`. */
const escapeBytes = (hex: string) =>
  Buffer.from(hex, 'hex')
    .toString('latin1')
    .replace(/[\x80-\xff%]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);

/** The server itself would match other letters. */
async function isInScope(ask: AskSource, filters: CatalogFilters, name: string): Promise<boolean> {
  const condition = databaseInScope(filters, `${quoteText(name)}::text`);
  if (condition === 'true') return true;
  try {
    const { rows } = await ask(`SELECT ${condition} AS in_scope`);
    return rows[0]?.[0] === true;
  } catch (error) {
    // The connected database lacks some letters: the other database is asked itself when its turn comes.
    if (error instanceof QueryError) return true;
    throw error;
  }
}
