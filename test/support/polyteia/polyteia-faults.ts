import { CANARY } from '../runs/fault-bench.ts';
import type { FailureHow } from './stand-in/types.ts';

/** How a call of either generation can fail so that another try may go well. */
export const outages: readonly { what: string; how: FailureHow; patienceMs?: number; waitMs?: number }[] = [
  { what: '500', how: { kind: 'status', status: 500, message: CANARY } },
  { what: '502 with HTML', how: { kind: 'status', status: 502, html: `<html>${CANARY}</html>` } },
  { what: '503', how: { kind: 'status', status: 503 } },
  {
    what: '429 that asks for 40 s',
    how: { kind: 'status', status: 429, headers: { 'retry-after': '40' } },
    waitMs: 40_000,
  },
  { what: 'a reset before it took effect', how: { kind: 'reset', when: 'before' } },
  { what: 'a reset after it took effect', how: { kind: 'reset', when: 'after', apply: true } },
  { what: 'no answer', how: { kind: 'hang' }, patienceMs: 1_500 },
  { what: 'half an answer', how: { kind: 'truncated' } },
  { what: 'an answer that is not JSON', how: { kind: 'notJson', body: `<html>${CANARY}</html>` } },
  { what: 'an answer that never ends', how: { kind: 'endless' } },
];

/** Answers that look like failures and are not. */
export const harmless: readonly { what: string; how: FailureHow }[] = [
  { what: 'late', how: { kind: 'slow', ms: 300 } },
  { what: 'byte by byte', how: { kind: 'drip' } },
];
