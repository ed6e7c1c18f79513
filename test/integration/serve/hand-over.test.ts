import { afterAll, beforeAll, it } from 'vitest';
import { type HandOverBench, startHandOverBench } from '../../support/serve/hand-over-bench.ts';

// Two replicas on one state: one ends in the middle of a run, the other takes it over. At every moment: hand-over.long.test.ts

let bench: HandOverBench;
beforeAll(async () => {
  bench = await startHandOverBench();
}, 120_000);
afterAll(() => bench?.[Symbol.asyncDispose]());

it.each([
  ['folder', 'started export', 'classic'],
  ['bucket', 'started upload', 'classic'],
  ['bucket', 'started ingest', 'session'],
] as const)(
  'two replicas on one %s hand a run over at "%s" (%s API), and lose nothing',
  (place, moment, api) => bench.assertHandedOver(place, moment, api),
);
