import type { Standing } from '../logic/order-jobs.ts';
import { toneOf } from '../logic/spark.ts';
import { useWords } from '../words/use-words.ts';

const STANDING_TONES: Readonly<Record<Standing, string>> = {
  failed: 'bad',
  overdue: 'bad',
  partial: 'partial',
  stale: 'partial',
  cancelled: 'idle',
  running: 'live',
  never: 'idle',
  good: 'good',
};

/** How a job is doing. Says it in words too: colours alone would say nothing to some. */
export function StandingBadge({ standing }: { standing: Standing }) {
  const { words } = useWords();
  return <span class={`badge ${STANDING_TONES[standing]}`}>{words.standings[standing]}</span>;
}

/** The state of a run. */
export function StateBadge({ state }: { state: string }) {
  const { words } = useWords();
  const isLive = state === 'running' || state === 'ingesting' || state === 'queued';
  const known: Readonly<Record<string, string>> = words.states;
  return <span class={`badge ${isLive ? 'live' : toneOf(state)}`}>{known[state] ?? state}</span>;
}
