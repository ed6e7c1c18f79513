import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runFerry } from '../../support/cli/ferry-command.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import { readCsvWithPyarrow } from '../../support/readers/read-csv.ts';
import { readParquetWithPyarrow } from '../../support/readers/read-parquet.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

let postgres: PostgresServer;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry env ü '));
  postgres = await startPostgres({ password: 'Geheim-4711' });
  await postgres.query('CREATE TABLE my_table AS SELECT i AS id FROM generate_series(1, 3) i');
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

// Every variable of the connector, as in its .env.example, with the addresses and keys of here.
describe.each([
  ['classic', 'SELECT * FROM db.my_table;', 'application/vnd.apache.parquet', readParquetWithPyarrow],
  ['session', 'SELECT * FROM my_table;', 'text/csv', readCsvWithPyarrow],
] as const)('a .env file of the %s generation', (api, query, contentType, read) => {
  it('runs unchanged, and wins over the environment', async () => {
    await using polyteia = await startPolyteiaStandIn({ api, datasets: [DATASET] });
    const organization = `POLYTEIA_ORGANIZATION_ID=${polyteia.organization.id}
# POLYTEIA_ORGANIZATION_SLUG=
INGEST_POLL_INTERVAL=5s
INGEST_TIMEOUT=30m`;
    await writeFile(
      join(folder, '.env'),
      `# Polyteia
PERSONAL_ACCESS_TOKEN=${polyteia.personalAccessKey}
POLYTEIA_BASE_URL=${polyteia.baseUrl}
${api === 'session' ? organization : ''}
DATASET_ID=${DATASET}

# When (robfig/cron)
CRON_SCHEDULE="0 0 * * *"

LOG_LEVEL=info
LOG_FORMAT=text
HEALTH_CHECK_PORT=8080

SOURCE_DATABASE_HOST=${postgres.host}
SOURCE_DATABASE_PORT=${postgres.port}
SOURCE_DATABASE_USER=${postgres.user}
SOURCE_DATABASE_PASSWORD=${postgres.password}
SOURCE_DATABASE_NAME=${postgres.database}
SOURCE_DATABASE_TYPE=postgres # or mysql
SOURCE_DATABASE_SQL_QUERY="${query}"
`,
    );
    const result = await runFerry(['run', 'default', '--config', '.env', '--json'], {
      folder,
      environment: { DATASET_ID: 'ds_of_the_environment', SOURCE_DATABASE_PORT: '1' },
    });
    const check = await runFerry(['check', '--config', '.env', '--json'], { folder });
    const { checks } = JSON.parse(check.stdout).sources[0];
    // Such a file has no field for TLS.
    expect(checks).toContainEqual(
      expect.objectContaining({
        check: 'encryption',
        hint: expect.stringMatching(/^A \.env file cannot ask/),
      }),
    );
    expect(JSON.parse(result.stdout)).toMatchObject({
      job: 'default',
      state: 'succeeded',
      outcome: 'uploaded',
      rows: 3,
    });
    expect(result.exitCode).toBe(0);
    const { content } = polyteia.datasets.get(DATASET) ?? {};
    expect(content?.contentType).toBe(contentType);
    expect((await read(content?.file ?? '')).rows).toHaveLength(3);
    expect(result.stdout + result.stderr).not.toContain(polyteia.personalAccessKey);
    expect(result.stdout + result.stderr).not.toContain(postgres.password);
    polyteia.assertNoViolations();
  });
});
