import { describe, expect, it } from 'vitest';
import type { Job, Manifest, Run } from '../../../console/calls/types.ts';
import { catalogTree } from '../../../console/logic/catalog-tree.ts';
import { withOffsets } from '../../../console/logic/clock.ts';
import { followCheck } from '../../../console/logic/follow-check.ts';
import { untilRunEnds, whileLogged } from '../../../console/logic/follow-run.ts';
import { gatherRuns } from '../../../console/logic/gather-runs.ts';
import {
  countStandings,
  findJobs,
  jobsBySource,
  orderJobs,
  standingOf,
} from '../../../console/logic/order-jobs.ts';
import { partsOf } from '../../../console/logic/phases.ts';
import { jobAddress, placeOf, runAddress } from '../../../console/logic/place.ts';
import { compareSchemas, findSchemaChanges } from '../../../console/logic/schema-changes.ts';
import { drawSpark } from '../../../console/logic/spark.ts';
import { runRecord } from '../../support/api.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 20, 4, minute)).toISOString();
const job = (name: string, facts: Partial<Job> = {}): Job => ({
  name,
  kind: 'sync',
  source: 'erp',
  dataset: `ds_${name}`,
  ...facts,
});
const ended = (state: string, facts = {}) =>
  ({ id: 'x', state, startedAt: at(0), endedAt: at(1), ...facts }) as NonNullable<Job['lastRun']>;

describe('the order of jobs', () => {
  const jobs = [
    job('größe', { lastEndedRun: ended('succeeded') }),
    job('b', { lastEndedRun: ended('succeeded'), overdueSince: at(5) }),
    job('a', { lastEndedRun: ended('succeeded') }),
    job('c', { lastEndedRun: ended('failed') }),
    job('d'),
    job('cancelled', { lastEndedRun: ended('cancelled') }),
    job('e', { running: ended('running'), lastRun: ended('running') }),
    job('f', { running: ended('running', { stale: true }), lastRun: ended('running') }),
    job('g', { kind: 'extraction', sources: ['hr', 'erp'], lastEndedRun: ended('partial') }),
  ];

  it('lets no skipped or unknown run look like a good one', () => {
    const skipped = { lastRun: ended('skipped') };
    expect(standingOf(job('a', { ...skipped, lastEndedRun: ended('failed') }))).toBe('failed');
    expect(standingOf(job('a', { ...skipped, lastEndedRun: ended('succeeded') }))).toBe('good');
    expect(standingOf(job('a', skipped))).toBe('never');
    expect(standingOf(job('a', { lastRun: ended('queued') }))).toBe('never');
    expect(standingOf(job('a', { lastEndedRun: ended('verschoben') }))).not.toBe('good');
  });

  it('begins with what failed, is overdue or lost parts', () => {
    expect(orderJobs(jobs).map(({ name }) => name)).toEqual([
      'c',
      'b',
      'g',
      'f',
      'cancelled',
      'e',
      'd',
      'a',
      'größe',
    ]);
    expect(countStandings(jobs)[0]).toEqual({ standing: 'failed', count: 1 });
    expect(countStandings(jobs).at(-1)).toEqual({ standing: 'good', count: 2 });
  });

  it('is searched by name, source, dataset and the name of the standing, in any case', () => {
    const names = (text: string) =>
      findJobs(jobs, text, (standing) => (standing === 'overdue' ? 'überfällig' : '')).map(
        ({ name }) => name,
      );
    expect(names('GRÖSSE')).toEqual([]);
    expect(names('Größe')).toEqual(['größe']);
    expect(names('hr')).toEqual(['größe', 'g'].filter((name) => name === 'g'));
    expect(names('überfällig ds_b')).toEqual(['b']);
    expect(names('')).toHaveLength(9);
  });

  it('groups jobs by each source that they read', () => {
    expect(jobsBySource(jobs.slice(7)).map(({ source, jobs: of }) => [source, of.length])).toEqual([
      ['erp', 2],
      ['hr', 1],
    ]);
  });
});

describe('the picture of the last runs', () => {
  it('has the newest at the right, one path for each tone, and a line of the rows that arrived', () => {
    const spark = drawSpark([
      ended('succeeded', { rows: 50, endedAt: at(2) }),
      ended('failed'),
      ended('succeeded', { rows: 100 }),
    ]);
    expect(spark.bars.map(({ tone }) => tone)).toEqual(['good', 'bad']);
    // Two minutes are the full height of 28, one is half of it.
    expect(spark.bars[0]?.path).toBe('M108 28v-14h3v14zM116 28v-28h3v28z');
    expect(spark.rows).toBe('M110 2L118 14.5');
  });

  it('is empty without runs, has no line of one number, and survives runs without an end', () => {
    expect(drawSpark([])).toEqual({ bars: [], rows: '', width: 120 });
    const { bars, rows } = drawSpark([{ id: 'x', state: 'running', startedAt: at(0) }]);
    expect([bars[0]?.path, rows]).toEqual(['M116 28v-2h3v2z', '']);
  });
});

describe('changes of columns', () => {
  const a = { name: 'a', type: 'INTEGER' };
  const b = { name: 'größe', type: 'VARCHAR' };

  it('are added, removed, retyped or reordered ones, and none', () => {
    expect(compareSchemas([a, b], [a, b])).toBeUndefined();
    expect(compareSchemas([a], [b])).toMatchObject({ added: [b], removed: [a], reordered: false });
    expect(compareSchemas([a], [{ ...a, type: 'BIGINT' }])?.retyped).toEqual([
      { name: 'a', from: 'INTEGER', to: 'BIGINT' },
    ]);
    expect(compareSchemas([a, b], [b, a])).toMatchObject({ added: [], reordered: true });
  });

  it('are found between runs that have columns, whatever lies between them', () => {
    const runs = [[a, b], undefined, [a]].map(
      (schema, index) => runRecord({ startedAt: at(9 - index), ...(schema ? { schema } : {}) }) as Run,
    );
    const found = findSchemaChanges(runs);
    expect(found.map(({ run, change }) => [run.startedAt, change.added])).toEqual([[at(9), [b]]]);
  });
});

describe('the phases of a run', () => {
  it('share its time; the one under way has the rest', () => {
    const phases = [{ name: 'connect', durationMs: 10_000 }];
    const run = {
      state: 'running',
      startedAt: at(0),
      phases,
      progress: { phase: 'read', heartbeatAgeMs: 1 },
    } as Run;
    expect(partsOf(run, Date.parse(at(0)) + 40_000)).toEqual([
      { name: 'connect', durationMs: 10_000, share: 0.25 },
      { name: 'read', durationMs: undefined, share: 0.75 },
    ]);
    expect(partsOf({ ...run, state: 'failed' }, Date.parse(at(9)))).toHaveLength(1);
    // A clock of the browser that is behind.
    expect(partsOf(run, Date.parse(at(0)) - 40_000)[1]?.share).toBe(0.01);
  });
});

it('shows where the clock of a zone has changed since the run before', () => {
  const runs = ['2027-03-27T03:30:00.000Z', '2027-03-28T02:30:00.000Z', '2027-03-29T02:30:00.000Z'];
  expect(withOffsets(runs, 'Europe/Berlin', '2027-03-26T00:00:00.000Z')).toEqual([
    { at: runs[0], offset: '+01:00', changed: false },
    { at: runs[1], offset: '+02:00', changed: true },
    { at: runs[2], offset: '+02:00', changed: false },
  ]);
  expect(withOffsets(runs.slice(0, 1), 'UTC', at(0))[0]).toMatchObject({ offset: '+00:00' });
});

it('keeps each run once, however often its page comes, and loses none that was read', () => {
  const page = (minutes: number[], next?: string) => ({
    runs: minutes.map((minute) => ({ ...runRecord({ id: `${minute}` }) }) as Run),
    ...(next === undefined ? {} : { next }),
  });
  const ids = ({ runs }: { runs: Run[] }) => runs.map(({ id }) => id).join(' ');
  const first = gatherRuns(undefined, page([9, 8], 'c8'), true);
  const both = gatherRuns(first, page([7, 6], 'c6'), false);
  expect([ids(first), first.next, ids(both), both.next]).toEqual(['9 8', 'c8', '9 8 7 6', 'c6']);
  expect(ids(gatherRuns(both, page([7, 6], 'c6'), false))).toBe('9 8 7 6');
  const begun = gatherRuns(both, page([10, 9], 'c9'), true);
  expect([ids(begun), begun.next]).toEqual(['10 9 8 7 6', 'c6']);
  expect(gatherRuns(first, page([9, 8]), true).next).toBeUndefined();
  expect(ids(gatherRuns(both, page([20, 19], 'c19'), true))).toBe('20 19');
  // One that can no longer be read is shown as that only.
  const lost = { runs: [], unreadable: [{ id: '9', message: 'größe' }] };
  expect(gatherRuns(first, lost, true)).toMatchObject({ unreadable: [{ id: '9' }] });
  expect(ids(gatherRuns(first, lost, true))).toBe('8');
});

describe('what is asked for again', () => {
  it('is a run until it has ended, and none that there is not', () => {
    expect(untilRunEnds({ state: 'running' }, undefined)).toBe(1_000);
    expect(untilRunEnds({ state: 'ingesting' }, undefined)).toBe(1_000);
    expect(untilRunEnds(undefined, { status: 0 })).toBe(1_000);
    expect(untilRunEnds(undefined, { status: 404 })).toBeUndefined();
    expect(untilRunEnds({ state: 'cancelled' }, undefined)).toBeUndefined();
    expect([whileLogged(undefined, { status: 404 }), whileLogged({}, undefined)]).toEqual([undefined, 2_000]);
  });

  it('is a check until it, or one that took its place, has ended, or until nothing has come for long', () => {
    const asked = { id: '01a2-5', at: 1_000 };
    const endedAt = at(1);
    expect(followCheck(undefined, asked, 2_000)).toBe('waiting');
    expect(followCheck({ id: '01a2-4', endedAt }, asked, 2_000)).toBe('waiting');
    expect(followCheck({ id: '01a2-5' }, asked, 2_000)).toBe('under-way');
    expect(followCheck({ id: '01a2-5', endedAt }, asked, 2_000)).toBe('ended');
    expect(followCheck({ id: '01a2-6', endedAt }, asked, 2_000)).toBe('ended');
    expect(followCheck({ id: '01a2-5' }, asked, 241_001)).toBe('silent');
    expect(followCheck(undefined, asked, 241_001)).toBe('silent');
    expect(followCheck({ id: '01a2-6', endedAt }, asked, 241_001)).toBe('ended');
  });
});

describe('an address', () => {
  it.each(['', '#', '#/', '#/jobs'])('%s is the list', (hash) => {
    expect(placeOf(hash)).toEqual({ page: 'jobs' });
  });

  it('leads back to what it was made from, however that is called', () => {
    for (const name of ['größe', 'a/b', '100%', '<b>', '..'])
      expect([placeOf(jobAddress(name)), placeOf(runAddress(name))]).toEqual([
        { page: 'job', job: name },
        { page: 'run', run: name },
      ]);
  });

  it.each(['#/runs/', '#/elsewhere', '#/jobs/%E0%A4%A'])('%s is nowhere', (hash) => {
    expect(placeOf(hash)).toEqual({ page: 'nowhere' });
  });
});

it('shows a catalog by source and database, with the files of each', () => {
  const file = { form: 'raw', type: 'table', rows: 1, bytes: 2 };
  const manifest: Manifest = {
    databases: [
      { source: 'erp', database: 'größe', state: 'extracted', entities: { Table: 2, Column: 9 } },
      {
        source: 'erp',
        database: 'b',
        state: 'failed',
        entities: {},
        error: { class: 'AuthError', message: 'no' },
      },
      { source: 'hr', state: 'failed', entities: {} },
    ],
    files: [
      { ...file, key: 'a', source: 'erp', database: 'größe' },
      { ...file, key: 'b', source: 'hr', database: 'größe' },
      // As `layout: sdk3` has them.
      { ...file, key: 'all' },
    ],
  };
  const [erp, hr] = catalogTree(manifest);
  expect([erp?.source, hr?.source]).toEqual(['erp', 'hr']);
  expect(erp?.databases[0]).toMatchObject({
    name: 'größe',
    entities: 11,
    types: [
      { type: 'Column', count: 9 },
      { type: 'Table', count: 2 },
    ],
    files: [{ key: 'a' }, { key: 'all' }],
  });
  expect(erp?.databases[1]).toMatchObject({ error: 'no', entities: 0, files: [] });
});
