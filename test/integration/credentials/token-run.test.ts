import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../../shared/runs/job.ts';
import type { SecretReader } from '../../../shared/source/credentials/secrets.ts';
import { runSync } from '../../../shared/sync/run-sync.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import {
  identityWith,
  KEYS,
  SESSION_KEYS,
  startTokenDatabase,
  type TokenDatabase,
} from '../../support/source/token-sources.ts';
import { type InProcessSync, setUpInProcessSync } from '../../support/sync/in-process-sync.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

const iam = { type: 'iam', resourceId: 'db-ABCDEFGHIJKL01234' };

describe.each(['postgres', 'mysql'] as const)('a run on a %s source with tokens', (type) => {
  let database: TokenDatabase;
  let polyteia: PolyteiaStandIn;
  let sync: InProcessSync;
  beforeAll(async () => {
    [database, polyteia] = await Promise.all([
      startTokenDatabase(type),
      startPolyteiaStandIn({ datasets: [DATASET] }),
    ]);
    const unused = { host: 'localhost', port: database.port, database: '', user: '', password: '' };
    sync = await setUpInProcessSync({ ...unused, database: 'd' }, polyteia);
    const table = type === 'mysql' ? 'ferry.two' : 'two';
    await database.query(`CREATE TABLE ${table} (id int); INSERT INTO ${table} VALUES (1), (2)`);
    if (type === 'postgres') await database.query('GRANT SELECT ON two TO PUBLIC');
  }, 300_000);
  afterAll(async () => {
    await Promise.all([database[Symbol.asyncDispose](), polyteia.stop()]);
    await sync[Symbol.asyncDispose]();
  });

  const run = (query: string, auth: Record<string, unknown>, secrets: Partial<SecretReader>) => {
    const options = sync.options({ query, whenUnchanged: 'upload' });
    const read = async () => polyteia.personalAccessKey;
    const sources = { erp: database.source(auth) };
    return runSync({ ...options, config: { ...options.config, sources }, secrets: { read, ...secrets } });
  };
  const lastUses = (from: number) => database.tokens.received.slice(from).map(({ refused }) => refused);

  // The database's clock is moved on, instead of waiting for a token's end.
  it('of twenty minutes outlives its token: it signs in before the token expires, and reads to the end', async () => {
    await using gate = await database.closeGate();
    // Of a table: without one MariaDB would compute it to prepare the query.
    const query = `SELECT 42 AS n, ${database.throughGate} AS gate FROM two WHERE id = 1`;
    const running = run(query, iam, { identity: identityWith(SESSION_KEYS) });
    await gate.reached();
    database.tokens.advance(20);
    const [first] = database.tokens.received;
    expect(database.tokens.judge('ferry', first?.token ?? '')).toBe('expired');
    await gate.open();
    expect(await running).toMatchObject({ state: 'succeeded', rows: 1 });
    // The last one is the test's own.
    expect(lastUses(0)).toEqual([...lastUses(0).slice(0, -1).fill(undefined), 'expired']);
    if (type === 'postgres') expect(lastUses(0)).toHaveLength(2);
    database.tokens.advance(-20);
  });

  it('with keys that were exchanged since they were read tries the new ones, once', async () => {
    const before = database.tokens.received.length;
    const versions = [{ ...KEYS, accessKeyId: 'AKIADELETED' }, KEYS];
    let reads = 0;
    const read: SecretReader['read'] = async (ref) => {
      if (ref !== 'ferry/aws') return polyteia.personalAccessKey;
      reads += 1;
      return JSON.stringify(versions[Math.min(reads, versions.length) - 1]);
    };
    const auth = { type: 'iam-user', secret: 'ferry/aws' };
    const record = await run('SELECT 1 AS n', auth, { read, identity: identityWith(KEYS) });
    expect(record).toMatchObject({ state: 'succeeded', rows: 1 });
    expect(lastUses(before).slice(0, 2)).toEqual(['unknown key', undefined]);
    expect(new Set(lastUses(before).slice(1))).toEqual(new Set([undefined]));
    expect(reads).toBe(2);
  });

  it('with keys that AWS does not know, and that nobody exchanged, signs in once, and reports AWS’s answer', async () => {
    const before = database.tokens.received.length;
    const unknown = { accessKeyId: 'AKIADELETED', secretAccessKey: 'x' };
    const read: SecretReader['read'] = async (ref) =>
      ref === 'ferry/aws' ? JSON.stringify(unknown) : polyteia.personalAccessKey;
    const examine = async () => ['AWS rejected the keys that signed: a test.'];
    const record = await run(
      'SELECT 1 AS n',
      { type: 'iam-user', secret: 'ferry/aws' },
      { read, identity: identityWith(KEYS, { examine }) },
    );
    expect(record).toMatchObject({
      state: 'failed',
      error: {
        class: 'AuthError',
        phase: 'connect',
        hint: expect.stringMatching(/^AWS rejected the keys that signed: a test\. Check that /),
      },
    });
    expect(lastUses(before)).toEqual(['unknown key']);
  });

  // On Postgres a run has one connection.
  if (type === 'mysql')
    it('that needs another connection after its token has expired starts again with a new one', async () => {
      const options = sync.options({ query: 'SELECT 42 AS n', whenUnchanged: 'upload' });
      const sources = { erp: database.source(iam) };
      const before = database.tokens.received.length;
      let tries = 0;
      const onProgress = ({ type: what, ...event }: ProgressEvent) => {
        if (what === 'retrying') database.tokens.advance(-20);
        if (what !== 'phase-started' || !('phase' in event) || event.phase !== 'export') return;
        tries += 1;
        if (tries === 1) database.tokens.advance(20);
      };
      const read = async () => polyteia.personalAccessKey;
      const secrets = { read, identity: identityWith(KEYS) };
      const config = { ...options.config, sources };
      const record = await runSync({ ...options, config, secrets, maxTries: 2, onProgress });
      expect(record).toMatchObject({ state: 'succeeded', rows: 1 });
      expect(tries).toBe(2);
      expect(lastUses(before)).toContain('expired');
      expect(lastUses(before).at(-1)).toBeUndefined();
    });

  it('as a role has a session that is named after job and run', async () => {
    const assumed: unknown[] = [];
    const role = { roleArn: 'arn:aws:iam::444455556666:role/reader', externalId: 'stadt' };
    const identity = identityWith(KEYS, {
      assumeRole: async (asked) => {
        assumed.push(asked);
        return SESSION_KEYS;
      },
    });
    const record = await run('SELECT 1 AS n', { type: 'iam-role', ...role }, { identity });
    expect(record).toMatchObject({ state: 'succeeded' });
    const session = { region: 'eu-central-1', sessionName: `ferry-orders-${record.id}` };
    // It ends with the run.
    expect(assumed).toEqual([{ ...role, ...session, signal: expect.any(AbortSignal) }]);
    expect(database.tokens.received.at(-1)?.token).toContain(SESSION_KEYS.accessKeyId);
  });
});
