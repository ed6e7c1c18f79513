import { observeRequests } from '../../../shared/api/observe-requests.ts';
import {
  measureContention,
  measureRetry,
  measureRun,
  measureStart,
} from '../../../shared/runs/measure-run.ts';
import { runRecord } from '../api.ts';

/** Leaves something in each metric that Ferry has, as runs of two jobs and requests do. */
export async function measureEverything(): Promise<void> {
  const startedAt = '2026-11-29T04:30:02.500Z';
  const scheduled = { scheduledTime: '2026-11-29T04:30:00.000Z', startedAt };
  const phases = [{ name: 'queued', durationMs: 1_500 }];
  const error = { class: 'QueryError', message: 'Vogelhaus' };
  for (const job of ['orders', 'größe']) {
    measureStart(runRecord({ job, ...scheduled }));
    measureRun(runRecord({ job, state: 'succeeded', durationMs: 1_500, rows: 3, bytes: 10, phases }));
    measureRun(runRecord({ job, state: 'failed', durationMs: 90_000, error, phases: [] }));
    measureRetry({ job, kind: 'sync' }, 'SourceUnavailableError');
    measureContention({ job, kind: 'sync' }, 'busy');
  }
  const api = observeRequests({ fetch: async () => new Response(null, { status: 503 }) }, () => '/runs/{id}');
  await api.fetch(new Request('http://ferry/runs/1', { method: 'GET' }), { caller: 'tester' });
}
