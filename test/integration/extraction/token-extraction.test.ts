import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkExtraction } from '../../../shared/checks/check-extraction.ts';
import type { RunExtractionOptions } from '../../../shared/extraction/extraction-work.ts';
import { runExtraction } from '../../../shared/extraction/run-extraction.ts';
import type { ProgressEvent } from '../../../shared/runs/job.ts';
import type { SecretReader } from '../../../shared/source/credentials/secrets.ts';
import { type ExtractionSetup, setUpExtraction } from '../../support/extraction/extraction-setup.ts';
import { readOutput } from '../../support/extraction/read-output.ts';
import { moveClock, withClockOf } from '../../support/runs/wrong-clock.ts';
import {
  identityWith,
  KEYS,
  NEW_KEYS,
  startTokenDatabase,
  TOKEN_AUTH,
  type TokenDatabase,
} from '../../support/source/token-sources.ts';

// An extraction signs in for the list of databases and for each database, over hours where there are many.

const DATABASES = ['crm', 'hr', 'postgres'];
const { iam, iamUser, iamRole } = TOKEN_AUTH;

/** Whose signatures the database takes. */
const known = [KEYS];
/** By how much the database's clock has been moved on. */
let movedMinutes = 0;
let database: TokenDatabase;
let setup: ExtractionSetup;
beforeAll(async () => {
  database = await startTokenDatabase('postgres', { keys: known });
  for (const name of ['crm', 'hr']) await database.query(`CREATE DATABASE ${name}`);
});
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
const options = (
  databases: 'all' | string[],
  auth: Record<string, unknown>,
  secrets: Partial<SecretReader>,
): RunExtractionOptions => {
  const made = setup.options({ databases });
  const read = async () => {
    throw new Error('Nobody needs a secret.');
  };
  const sources = { erp: database.source(auth) };
  return { ...made, config: { ...made.config, sources }, secrets: { read, ...secrets } };
};
/** Runs it; what the database was sent meanwhile. All databases must be read. */
const run = async (work: RunExtractionOptions, onPhase: (phase: string) => void = () => {}) => {
  const before = database.tokens.received.length;
  const onProgress = (event: ProgressEvent) => {
    if (event.type === 'phase-started') onPhase(event.phase);
  };
  const record = await runExtraction({ ...work, onProgress });
  expect(record).toMatchObject({
    state: 'succeeded',
    databases: DATABASES.map((name) => ({ source: 'erp', database: name, state: 'extracted' })),
  });
  const { manifest } = await readOutput(setup.outputFolder, 'catalogs');
  expect(new Set(manifest.files.map((file) => file.database))).toEqual(new Set(DATABASES));
  return { record, received: database.tokens.received.slice(before) };
};
const refusals = ({ received }: Awaited<ReturnType<typeof run>>) => received.map(({ refused }) => refused);

describe('an extraction with tokens', () => {
  it.each<[string, 'all' | string[], string[]]>([
    ['all databases', 'all', ['erp: databases', 'erp/crm', 'erp/hr', 'erp/postgres']],
    ['named databases', DATABASES, ['erp/crm', 'erp/hr', 'erp/postgres']],
  ])(
    'of %s makes a new one for each connection, because the last one has expired by then',
    async (_what, databases, phases) => {
      const moved: string[] = [];
      const { received } = await withClockOf(0, () =>
        run(options(databases, iam, { identity: identityWith(KEYS) }), (phase) => {
          if (!phase.startsWith('erp')) return;
          moved.push(phase);
          moveBothClocks(20);
        }),
      );
      expect(moved).toEqual(phases);
      expect(received.map(({ refused }) => refused)).toEqual(phases.map(() => undefined));
      expect(new Set(received.map(({ token }) => token)).size).toBe(phases.length);
    },
  );

  describe('of a role', () => {
    const assumed: unknown[] = [];
    const identity = identityWith(KEYS, {
      assumeRole: async ({ sessionName }) => {
        assumed.push(sessionName);
        return KEYS;
      },
    });
    beforeEach(() => {
      assumed.length = 0;
    });

    it('uses sessions that are named after job and run', async () => {
      const { record, received } = await run(options('all', iamRole, { identity }));
      expect(received).toHaveLength(4);
      expect(assumed).toEqual(received.map(() => `ferry-catalogs-${record.id}`));
    });

    it('is checked in sessions that are named after the job, because there is no run', async () => {
      const signal = AbortSignal.timeout(60_000);
      const checks = await checkExtraction({ ...options('all', iamRole, { identity }), signal });
      expect(checks.filter(({ status }) => status !== 'ok')).toEqual([]);
      expect(assumed).toEqual(Array.from({ length: 4 }, () => 'ferry-catalogs'));
    });
  });

  it.each<[string, 'all' | string[], string, (string | undefined)[]]>([
    [
      'before the databases are listed',
      'all',
      'erp: databases',
      ['unknown key', undefined, undefined, undefined, undefined],
    ],
    ['before the first database', DATABASES, 'erp/crm', ['unknown key', undefined, undefined, undefined]],
    ['between two databases', 'all', 'erp/hr', [undefined, undefined, 'unknown key', undefined, undefined]],
  ])(
    'whose keys are exchanged %s tries the old ones once',
    async (_when, databases, exchangedAt, expected) => {
      let reads = 0;
      const read: SecretReader['read'] = async () => {
        reads += 1;
        return JSON.stringify(known[0]);
      };
      const work = options(databases, iamUser, { read, identity: identityWith(KEYS) });
      const ended = await run(work, (phase) => {
        if (phase === exchangedAt) known.splice(0, 1, NEW_KEYS);
      });
      expect(refusals(ended)).toEqual(expected);
      expect(reads).toBe(2);
    },
  );
});
