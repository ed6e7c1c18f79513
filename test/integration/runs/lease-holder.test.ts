import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHeartbeat } from '../../../shared/runs/leases/heartbeat.ts';
import { acquireLease } from '../../../shared/runs/leases/lease.ts';
import { type LeaseStores, startLeaseStores } from '../../support/runs/lease-stores.ts';
import { withClockOf } from '../../support/runs/wrong-clock.ts';

// Against the real stores; many who crash and lose answers: lease-contention.long.test.ts

const HOURS = [0, 5, -7, 0, 11];

let places: LeaseStores;
beforeAll(async () => {
  places = await startLeaseStores();
}, 120_000);
afterAll(() => places?.[Symbol.asyncDispose]());

describe.each(['bucket', 'folder'] as const)('a live holder, in a %s', (kind) => {
  it('keeps its lease, no matter who asks for it', async () => {
    const store = places.stores[kind];
    const job = 'held';
    // Long enough for a machine that stands still for seconds; nothing here waits for it.
    const patient = { heartbeatMs: 200, expiryMs: 20_000 };
    const held = await acquireLease(store, { job, runId: 'holder', times: patient, sleep });
    if (held.outcome !== 'acquired') throw new Error('nobody else had it');
    let stopped: Error | undefined;
    await using _heartbeat = startHeartbeat({
      lease: held.lease,
      times: patient,
      progress: () => ({}),
      findCancelRequest: async () => undefined,
      onStop: (reason) => {
        stopped = reason;
      },
    });
    const others = await Promise.all(
      HOURS.map((hours, n) =>
        withClockOf(hours, () => acquireLease(store, { job, runId: `other-${n}`, times: patient, sleep })),
      ),
    );
    expect(others).toEqual(HOURS.map(() => ({ outcome: 'busy', runId: 'holder' })));
    expect(stopped).toBeUndefined();
  });
});
