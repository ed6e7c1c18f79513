import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseConfig } from '../../../../shared/config/load-config.ts';
import {
  assertPatterns,
  schemasInScope,
} from '../../../../shared/source/postgres/catalog/scope/postgres-filters.ts';
import { type PostgresServer, startPostgres } from '../../../support/servers/postgres-server.ts';
import { POSTGRES_VERSIONS } from '../../../support/servers/postgres-versions.ts';
import { queryDatabase } from '../../../support/servers/query-database.ts';
import { openSession, type TestSession } from '../../../support/source/source-session.ts';

const text = readFileSync(new URL('../../../../docs/extraction-filters.md', import.meta.url), 'utf8');
const section = text.split('\n## Examples\n')[1]?.split('\n## ')[0] ?? '';
const quoted = (part = '') => [...part.matchAll(/`([^`]+)`/g)].map(([, name]) => String(name));

/** The schemas that the text before the table names, after `edge`. */
const schemas = quoted(/its schemas are\n(.*)\n/.exec(section)?.[1]);

/** A filter as it stands in the table, and what it leaves. */
const examples = section
  .split('\n')
  .filter((line) => line.startsWith('| `{'))
  .map((line) => {
    const [, filter, leaves = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
    const expected = leaves === 'everything' ? schemas : quoted(leaves);
    return { filter: quoted(filter)[0] ?? '', leaves, expected };
  });

describe.each(POSTGRES_VERSIONS)('the examples of docs/extraction-filters.md on %s', (_title, options) => {
  let server: PostgresServer;
  let edge: TestSession;
  beforeAll(async () => {
    server = await startPostgres(options);
    await server.query("CREATE DATABASE edge TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'");
    const created = schemas.filter((name) => name !== 'public').map((name) => `CREATE SCHEMA "${name}"`);
    await queryDatabase(server, 'edge', created.join('; '));
    edge = await openSession({ ...server, database: 'edge' });
  });
  afterAll(async () => {
    await edge?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  it('exist', () => {
    expect(schemas.length).toBeGreaterThan(10);
    expect(examples.length).toBeGreaterThan(15);
    const unread = examples.filter(({ leaves, expected }) => leaves !== 'nothing' && expected.length === 0);
    expect(unread).toEqual([]);
  });

  it.each(examples)('$filter', async ({ filter, expected }) => {
    const { nightly } = parseConfig(
      stringify({
        version: 1,
        sources: { erp: { type: 'postgres', auth: { type: 'password', secret: 'erp' } } },
        extractions: { nightly: { sources: ['erp'], ...(parse(filter) as object) } },
      }),
      'ferry.yaml',
    ).extractions;
    if (!nightly) throw new Error('The test configuration is incomplete.');
    await assertPatterns(edge.ask, nightly);
    const { rows } = await edge.ask(schemasInScope(nightly));
    expect(rows.map(([, name]) => name).sort()).toEqual([...expected].sort());
  });
});
