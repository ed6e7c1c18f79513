import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Api, type HandOverBench, startHandOverBench } from '../../support/serve/hand-over-bench.ts';

// As hand-over.test.ts, at every moment.

let bench: HandOverBench;
beforeAll(async () => {
  bench = await startHandOverBench();
}, 120_000);
afterAll(() => bench?.[Symbol.asyncDispose]());

const MOMENTS: readonly (readonly [string, Api])[] = [
  ['started check target', 'classic'],
  ['started describe', 'classic'],
  ['started export', 'classic'],
  ['started guards', 'classic'],
  ['started upload', 'classic'],
  ['moved upload', 'classic'],
  ['started verify', 'classic'],
  ['moved upload', 'session'],
  ['started ingest', 'session'],
];

describe.each(['folder', 'bucket'] as const)('two replicas on one %s', (place) => {
  it.each(MOMENTS)('hand a run over at "%s" (%s API), and lose nothing', (moment, api) =>
    bench.assertHandedOver(place, moment, api),
  );
});
