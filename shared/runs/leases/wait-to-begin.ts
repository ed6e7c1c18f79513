import { sleep } from '../../sleep.ts';
import type { RunOptions } from '../job.ts';

/**
 * Waits for what a run needs before it begins: its job's lease, or a slot of its source. A process that is about to end
 * hands the run over at once, because nothing begins in it any more.
 *
 * @throws the reason of the signal
 */
export function waitToBegin(
  ms: number,
  signal: AbortSignal | undefined,
  { rest }: Pick<RunOptions, 'rest'>,
): Promise<void> {
  const wait = () => sleep(ms, signal);
  return rest ? rest(wait, signal, { keepsPlace: true }) : wait();
}
