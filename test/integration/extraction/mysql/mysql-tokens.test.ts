import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkExtraction } from '../../../../shared/checks/check-extraction.ts';
import type { RunExtractionOptions } from '../../../../shared/extraction/extraction-work.ts';
import type { Manifest } from '../../../../shared/extraction/output/manifest.ts';
import { runExtraction } from '../../../../shared/extraction/run-extraction.ts';
import type { ProgressEvent } from '../../../../shared/runs/job.ts';
import type { SecretReader } from '../../../../shared/source/credentials/secrets.ts';
import { type ExtractionSetup, setUpExtraction } from '../../../support/extraction/extraction-setup.ts';
import { moveClock, withClockOf } from '../../../support/runs/wrong-clock.ts';
import {
  identityWith,
  KEYS,
  NEW_KEYS,
  startTokenDatabase,
  TOKEN_AUTH,
  type TokenDatabase,
} from '../../../support/source/token-sources.ts';

// MySQL's client opens a connection for each query, all with the token that its session began with. A session reads one source.

const SOURCES = ['erp', 'shop', 'werk'];
const { iam, iamUser, iamRole } = TOKEN_AUTH;

/** Whose signatures the database takes. */
const known = [KEYS];
let movedMinutes = 0;
let database: TokenDatabase;
let setup: ExtractionSetup;
beforeAll(async () => {
  database = await startTokenDatabase('mysql', { keys: known });
  await database.query('CREATE TABLE ferry.`Straße` (id INT PRIMARY KEY, note TEXT)');
}, 300_000);
beforeEach(async () => {
  const unused = { host: 'localhost', database: 'postgres', user: '', password: '' };
  setup = await setUpExtraction({ ...unused, port: database.port });
});
afterEach(async () => {
  known.splice(0, known.length, KEYS);
  database.tokens.advance(-movedMinutes);
  movedMinutes = 0;
  await setup[Symbol.asyncDispose]();
});
afterAll(() => database[Symbol.asyncDispose]());

const moveBothClocks = (minutes: number) => {
  database.tokens.advance(minutes);
  movedMinutes += minutes;
  moveClock(minutes);
};

/** @param names how many names the server has */
function options(
  auth: Record<string, unknown>,
  secrets: Partial<SecretReader>,
  names: readonly string[] = SOURCES,
): RunExtractionOptions {
  const made = setup.options({ sources: ['erp'] });
  const read = async () => {
    throw new Error('Nobody needs a secret.');
  };
  const sources = Object.fromEntries(
    names.map((name, index) => [
      name,
      database.source(auth, { connection: { name, qualifiedName: `default/mysql/${index}` } }),
    ]),
  );
  const { catalogs } = made.config.extractions;
  if (!catalogs) throw new Error('The configuration lost its extraction.');
  const extractions = { catalogs: { ...catalogs, sources: ['*'] } };
  return { ...made, config: { ...made.config, sources, extractions }, secrets: { read, ...secrets } };
}

/** Runs it; what the database was sent meanwhile. */
async function run(work: RunExtractionOptions, onEvent: (event: ProgressEvent) => void = () => {}) {
  const before = database.tokens.received.length;
  const names = Object.keys(work.config.sources);
  const record = await runExtraction({ ...work, onProgress: onEvent });
  expect(record).toMatchObject({
    state: 'succeeded',
    databases: names.map((source) => ({ source, database: 'def', state: 'extracted' })),
  });
  const { entities } = JSON.parse(await readFile(String(record.manifest), 'utf8')) as Manifest;
  expect(entities).toMatchObject({ Database: names.length, Table: names.length, Column: 2 * names.length });
  return { record, received: database.tokens.received.slice(before) };
}

describe('an extraction of MySQL with tokens', () => {
  it('makes a new one for each source, because the last one has expired by then', async () => {
    const moved: string[] = [];
    const { received } = await withClockOf(0, () =>
      run(options(iam, { identity: identityWith(KEYS) }), (event) => {
        if (event.type !== 'phase-started' || !event.phase.endsWith('/def')) return;
        moved.push(event.phase);
        moveBothClocks(20);
      }),
    );
    expect(moved).toEqual(['erp/def', 'shop/def', 'werk/def']);
    expect(received.map(({ refused }) => refused)).toEqual(received.map(() => undefined));
    const tokens = received.map(({ token }) => token);
    // The connections of one source come after those of the one before.
    expect(new Set(tokens).size).toBe(3);
    expect(tokens.filter((token, index) => token !== tokens[index - 1])).toHaveLength(3);
  });

  it('of a role uses sessions that are named after job and run, or after the job alone in a check', async () => {
    const assumed: unknown[] = [];
    const identity = identityWith(KEYS, {
      assumeRole: async ({ sessionName }) => {
        assumed.push(sessionName);
        return KEYS;
      },
    });
    const { record } = await run(options(iamRole, { identity }));
    expect(assumed).toEqual(SOURCES.map(() => `ferry-catalogs-${record.id}`));
    assumed.length = 0;
    const signal = AbortSignal.timeout(60_000);
    const checks = await checkExtraction({ ...options(iamRole, { identity }), signal });
    expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(assumed).toEqual(SOURCES.map(() => 'ferry-catalogs'));
  });

  it('whose keys are exchanged meanwhile tries the old ones once for each source', async () => {
    let reads = 0;
    const read: SecretReader['read'] = async () => {
      reads += 1;
      return JSON.stringify(known[0]);
    };
    const work = options(iamUser, { read, identity: identityWith(KEYS) });
    const { received } = await run(work, (event) => {
      if (event.type === 'phase-started' && event.phase === 'shop/def') known.splice(0, 1, NEW_KEYS);
    });
    const refused = received.flatMap(({ refused: why }) => (why === undefined ? [] : [why]));
    // Of the second and the third, whose keys were read before.
    expect(refused).toEqual(['unknown key', 'unknown key']);
    expect(reads).toBe(5);
  });

  it('that outlives its token reads the source again, with a new one', async () => {
    let moved = 0;
    const retries: string[] = [];
    // With one database, the run says what it has read of it.
    const work = options(iam, { identity: identityWith(KEYS) }, ['erp']);
    const clock = { now: Date.now, sleep: async () => {} };
    const { received } = await withClockOf(0, () =>
      run({ ...work, maxTries: 2, clock }, (event) => {
        if (event.type === 'retrying') retries.push(event.message);
        // The databases have been read, and their schemas have not.
        if (event.type !== 'phase-noted' || moved > 0) return;
        moved += 1;
        moveBothClocks(20);
      }),
    );
    expect(retries).toEqual([
      'The login of user "ferry" was renewed during the read: Ferry reads the source again from the start.',
    ]);
    expect(received.flatMap(({ refused }) => refused ?? [])).toEqual(['expired']);
    const [first] = received;
    expect(received.filter(({ token }) => token === first?.token).length).toBeLessThan(received.length / 2);
  });
});
