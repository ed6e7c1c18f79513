import { describe, expect, it } from 'vitest';
import { postgresDialect } from '../../../../shared/source/postgres/postgres-dialect.ts';

describe('the question for tables of a name', () => {
  it.each([
    ['__TABLE__', `" OR 'a' = 'a`],
    ['__SCHEMA__', '__TABLE__'],
    ["o'clock", '$& $1'],
  ])('contains %s and %s as exactly these literals', (schema, table) => {
    const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
    const sql = postgresDialect.tablesNamed(schema, table);
    expect(sql).toContain(`lower(n.nspname) = pg_catalog.lower(${literal(schema)})`);
    expect(sql).toContain(`lower(c.relname) = pg_catalog.lower(${literal(table)})`);
  });
});
