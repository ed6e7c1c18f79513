import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runExtraction } from '../../../shared/extraction/run-extraction.ts';
import { runSync } from '../../../shared/sync/run-sync.ts';
import { setUpExtraction } from '../../support/extraction/extraction-setup.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';
import { setUpInProcessSync } from '../../support/sync/in-process-sync.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

// A read-only transaction keeps a superuser's query from changing rows, and from little else.

let postgres: PostgresServer;
let polyteia: PolyteiaStandIn;
beforeAll(async () => {
  [postgres, polyteia] = await Promise.all([startPostgres(), startPolyteiaStandIn({ datasets: [DATASET] })]);
  await postgres.query(`CREATE ROLE rds_superuser; CREATE ROLE "Prüfer" LOGIN PASSWORD 'x' IN ROLE rds_superuser;
    CREATE ROLE leser LOGIN PASSWORD 'x' IN ROLE pg_read_all_data, pg_monitor`);
});
afterAll(async () => {
  await Promise.all([postgres?.stop(), polyteia?.stop()]);
});

const SUPERUSER =
  /^The login of the source erp is a superuser: a query, or .* run programs on it, .* Use a login that may only SELECT\.$/;
const logins = [
  ['postgres', [expect.stringMatching(SUPERUSER)]],
  ['Prüfer', [expect.stringMatching(/^The login of the source erp is a member of rds_superuser: /)]],
  ['leser', []],
] as const;
const signedIn = (user: string) => ({
  ...postgres,
  user,
  password: user === postgres.user ? postgres.password : 'x',
});

describe.each(logins)('a run with the login %s of Postgres', (user, warnings) => {
  it('of a sync says what it could do', async () => {
    await using here = await setUpInProcessSync(signedIn(user), polyteia);
    expect(await runSync(here.options({ query: 'SELECT 1 AS id' }))).toMatchObject({
      state: 'succeeded',
      warnings,
    });
  });

  it('of an extraction says so too, once for a source, and in no manifest', async () => {
    await using here = await setUpExtraction(signedIn(user));
    const record = await runExtraction(here.options({ databases: ['postgres', 'template1'] }));
    expect(record).toMatchObject({ state: 'succeeded', databases: [{}, {}], warnings });
  });
});

describe.each(['mariadb', 'mysql'] as const)('a run on %s', (flavor) => {
  it('says what a login with SUPER could do, and nothing of one that reads', async () => {
    await using mysql = await startMysql({ flavor });
    await mysql.query(
      `CREATE USER 'le''ser@amt' IDENTIFIED BY 'x'; GRANT SELECT, PROCESS ON *.* TO 'le''ser@amt';
       CREATE USER 'LE''SER@amt'; GRANT ALL PRIVILEGES ON *.* TO 'LE''SER@amt'`,
    );
    const run = async (login: { user: string; password: string }) => {
      await using here = await setUpInProcessSync({ ...mysql, ...login }, polyteia);
      const options = here.options({ query: 'SELECT 1 AS id' });
      const { erp } = options.config.sources;
      Object.assign(erp ?? {}, sourceConfig(mysql, 'erp'));
      return runSync(options);
    };
    expect(await run(mysql)).toMatchObject({
      state: 'succeeded',
      warnings: [expect.stringMatching(/^The login of the source erp is one with the privilege SUPER: /)],
    });
    expect(await run({ user: "le'ser@amt", password: 'x' })).toMatchObject({
      state: 'succeeded',
      warnings: [],
    });
  });
});
