import { StorageUnavailableError } from '../../../shared/errors.ts';
import type { DocumentStore } from '../../../shared/runs/documents/document-store.ts';
import { startHeartbeat } from '../../../shared/runs/leases/heartbeat.ts';
import { acquireLease, type Lease, type LeaseTimes } from '../../../shared/runs/leases/lease.ts';

/**
 * What happens to one call of the store. `lost`: it takes effect, and the caller gets an error; `misheard`: it takes effect, and a
 * replacement seems refused; `refused`: it does not take effect, as if somebody had been faster; `unreachable`: it does not.
 */
export type Mishap = 'none' | 'lost' | 'misheard' | 'refused' | 'unreachable';

/** One attempt to get the lease and to use it. Times in expiries. */
export interface Turn {
  /** Before it asks for the lease. */
  idle: number;
  /** How long it works with a regular heartbeat. */
  work: number;
  /** How long it then does not react at all, before it confirms the lease. */
  pause: number;
  /** A crashed holder gives nothing back. */
  end: 'release' | 'crash';
  /** How far the clock of the store jumps after the work. */
  jumpHours: number;
}

/** One who wants to run a job, again and again. */
export interface ContenderPlan {
  runId: string;
  turns: readonly Turn[];
  /** Of the calls of the store, in order; begun again at the end, but not forever. */
  mishaps: readonly Mishap[];
}

/** A success, and between which moments (of one clock for all) it came about. */
export interface LeaseEvent {
  what: 'acquired' | 'confirmed';
  term: number;
  from: number;
  to: number;
}

export interface ContenderOptions {
  store: DocumentStore;
  job: string;
  times: LeaseTimes;
  plan: ContenderPlan;
  /** A clock that is right, and the same for all. */
  now: () => number;
  tell: (event: LeaseEvent) => void;
  /** Lets the store's clock jump. */
  jump?: (hours: number) => Promise<void> | void;
  /** Instead of giving up the lease silently: ends the process. */
  crash?: () => void;
}

// One that comes at the same point of each try, forever, keeps a contender from ever noticing that it has the lease.
const PASSES = 20;

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.ceil(ms)));

/** A store as an unlucky process sees it. */
export function withMishaps(
  store: DocumentStore,
  mishaps: readonly Mishap[],
  awake: () => Promise<void> = async () => {},
): DocumentStore {
  let calls = 0;
  const call = async <T>(work: () => Promise<T>, refusal?: { value: T }): Promise<T> => {
    const left = calls < PASSES * mishaps.length;
    const mishap = (left && mishaps[calls % mishaps.length]) || 'none';
    calls += 1;
    await awake();
    if (mishap === 'unreachable') throw new StorageUnavailableError('planned: it was not reached');
    if (mishap === 'refused' && refusal) return refusal.value;
    const result = await work();
    await awake();
    if (mishap === 'lost') throw new StorageUnavailableError('planned: the answer was lost');
    return mishap === 'misheard' && refusal ? refusal.value : result;
  };
  return {
    ...store,
    read: (key) => call(() => store.read(key)),
    replace: (...args) => call(() => store.replace(...args), { value: undefined }),
  };
}

/** Plays a plan: gets the lease, works, confirms that it still has it (as right before an upload), and gives it back. */
export async function contend(options: ContenderOptions): Promise<void> {
  const { plan, times } = options;
  let awakeAt = 0;
  const awake = async () => {
    for (let left = awakeAt - performance.now(); left > 0; left = awakeAt - performance.now())
      await wait(left);
  };
  const store = withMishaps(options.store, plan.mishaps, awake);
  for (const turn of plan.turns) {
    await wait(turn.idle * times.expiryMs);
    const from = options.now();
    const acquisition = await acquireLease(store, {
      job: options.job,
      runId: plan.runId,
      times,
      sleep: wait,
    }).catch(ignoreUnavailable);
    if (acquisition?.outcome !== 'acquired') continue;
    const { lease } = acquisition;
    options.tell({ what: 'acquired', term: lease.term, from, to: options.now() });
    await use(lease, turn, options, async () => {
      awakeAt = performance.now() + turn.pause * times.expiryMs;
      await awake();
    });
  }
}

async function use(
  lease: Lease,
  turn: Turn,
  { times, now, tell, jump, crash }: ContenderOptions,
  pause: () => Promise<void>,
): Promise<void> {
  let lost: Error | undefined;
  const heartbeat = startHeartbeat({
    lease,
    times,
    progress: () => ({ phase: 'upload' }),
    findCancelRequest: async () => undefined,
    onStop: (reason) => {
      lost = reason;
    },
  });
  try {
    await wait(turn.work * times.expiryMs);
    if (turn.jumpHours !== 0) await jump?.(turn.jumpHours);
    await pause();
    const from = now();
    await heartbeat.beat();
    if (lost === undefined) tell({ what: 'confirmed', term: lease.term, from, to: now() });
  } catch {
    // Lost, or not to be confirmed: nothing is uploaded.
  } finally {
    if (turn.end === 'crash') crash?.();
    await heartbeat[Symbol.asyncDispose]();
  }
  if (turn.end === 'release') await lease.release().catch(ignoreUnavailable);
}

function ignoreUnavailable(error: unknown): undefined {
  if (!(error instanceof StorageUnavailableError)) throw error;
}

/** Everything in a history that Ferry's promise forbids, in words. */
export function findBrokenPromises(events: readonly LeaseEvent[]): string[] {
  const acquired = events.filter(({ what }) => what === 'acquired');
  const confirmed = events.filter(({ what }) => what === 'confirmed');
  const twice = (terms: number[]) => terms.filter((term, index) => terms.indexOf(term) !== index);
  return [
    ...twice(acquired.map(({ term }) => term)).map((term) => `term ${term} was given twice`),
    ...twice(confirmed.map(({ term }) => term)).map((term) => `two uploads began in term ${term}`),
    ...acquired.flatMap((later) =>
      acquired
        .filter((earlier) => earlier.to < later.from && earlier.term >= later.term)
        .map((earlier) => `term ${later.term} was given after term ${earlier.term}`),
    ),
    ...confirmed.flatMap((upload) =>
      acquired
        .filter((newer) => newer.term > upload.term && newer.to < upload.from)
        .map((newer) => `term ${upload.term} was confirmed after term ${newer.term} was given`),
    ),
  ];
}
