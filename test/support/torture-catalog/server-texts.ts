import type pg from 'pg';

/** What only the server can say: its own print of a view, and how much a table takes on its disk. */
export interface ServerTexts {
  /** `CREATE … AS` and the server's text, as in an entity. */
  definition(schema: string, name: string): string;
  /** Bytes of the relation itself. */
  size(schema: string, name: string): number;
}

const sql = `
  SELECT n.nspname, c.relname, pg_relation_size(c.oid)::float8 AS size,
    CASE c.relkind WHEN 'v' THEN 'CREATE OR REPLACE VIEW ' WHEN 'm' THEN 'CREATE MATERIALIZED VIEW ' END AS verb,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS definition
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')`;

/** Asks the server. */
export async function readServerTexts(client: pg.Client): Promise<ServerTexts> {
  const { rows } = await client.query<{
    nspname: string;
    relname: string;
    size: number;
    verb: string;
    definition: string;
  }>(sql);
  const find = (schema: string, name: string) => {
    const row = rows.find(({ nspname, relname }) => nspname === schema && relname === name);
    if (!row) throw new Error(`The server has no relation ${name} in the schema ${schema}`);
    return row;
  };
  return {
    definition: (schema, name) => {
      const { verb, definition } = find(schema, name);
      return `${verb}${name} AS ${definition}`;
    },
    size: (schema, name) => find(schema, name).size,
  };
}
