import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QueryError, SourceUnavailableError } from '../../../shared/errors.ts';
import {
  EMPTY_DATABASE,
  OWNER,
  POSTGRES_15,
  STRANGER,
  startTortureServer,
  type TortureServer,
} from '../../support/torture-catalog/create.ts';
import { extractTorture } from '../../support/torture-catalog/extract.ts';
import { waitFor } from '../../support/wait-for.ts';

describe('a catalog that is not as it should be', () => {
  let server: TortureServer;
  beforeAll(async () => {
    server = await startTortureServer(POSTGRES_15);
  });
  afterAll(() => server?.stop());

  it('is read again when a view goes while its definition is asked for', async () => {
    const client = await server.connect(EMPTY_DATABASE);
    await client.query('CREATE SCHEMA staging; CREATE VIEW staging.fleeting AS SELECT 1 AS a');
    // The view is still there for everybody else, and whoever opens it waits.
    await client.query('BEGIN; DROP VIEW staging.fleeting');
    const reading = extractTorture(server, EMPTY_DATABASE, STRANGER);
    const outcome = reading.then(
      () => undefined,
      (error: unknown) => error,
    );
    await waitFor(
      'the extraction to wait for the view',
      async () => {
        const { rows } = await server.query('SELECT 1 FROM pg_locks WHERE NOT granted');
        return rows[0];
      },
      30_000,
    );
    await client.query('COMMIT');
    await client.end();
    // This class is what runs try again.
    const error = await outcome;
    expect(error).toBeInstanceOf(SourceUnavailableError);
    expect(String(error)).toContain('was dropped from the source meanwhile');

    await using again = await extractTorture(server, EMPTY_DATABASE, STRANGER);
    expect(again.entities.map(({ attributes }) => attributes.name)).toEqual([EMPTY_DATABASE, 'staging']);
  });

  it('is read in whatever encoding it has', async () => {
    await server.query("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'");
    const client = await server.connect('latin');
    await client.query(`CREATE SCHEMA "Größe"; CREATE TABLE "Größe"."Maß" ("ü" integer);
      COMMENT ON TABLE "Größe"."Maß" IS 'Straße'`);
    await client.end();
    await using extraction = await extractTorture(server, 'latin', STRANGER);
    const [table] = extraction.entities.filter(({ typeName }) => typeName === 'Table');
    expect(table?.attributes).toMatchObject({ name: 'Maß', schemaName: 'Größe', description: 'Straße' });
    expect(extraction.entities.map(({ attributes }) => attributes.name)).toContain('ü');
  });

  it('says so when a name is text in no encoding', async () => {
    await server.query("CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'");
    const client = await server.connect('bytes');
    await client.query(
      `DO $$ BEGIN EXECUTE 'CREATE TABLE public.a' || convert_from('\\xe4'::bytea, 'SQL_ASCII') || ' (a integer)'; END $$`,
    );
    await client.end();
    const failed = extractTorture(server, 'bytes', OWNER);
    await expect(failed).rejects.toThrow(QueryError);
    await expect(failed).rejects.toThrow('text that is none in its encoding');
  });
});
