import { AsyncLocalStorage } from 'node:async_hooks';

const clock = new AsyncLocalStorage<{ skewMs: number }>();
const RightDate = Date;
// Taken now: a test that shares this process may put a mock in its place.
const rightNow = Date.now;

class WrongDate extends RightDate {
  constructor(...given: [] | [number | string | Date]) {
    if (given.length === 0) super(WrongDate.now());
    else super(...given);
  }

  static override now(): number {
    return rightNow() + (clock.getStore()?.skewMs ?? 0);
  }
}

let users = 0;

/** Does something, and all that follows from it, with a clock that is wrong by some hours; others keep theirs. */
export async function withClockOf<T>(hours: number, work: () => Promise<T>): Promise<T> {
  // With more than one argument a date is asked for by year and month, which needs no clock.
  globalThis.Date = new Proxy(RightDate, {
    get: (right, name, receiver) => (name === 'now' ? WrongDate.now : Reflect.get(right, name, receiver)),
    construct: (right, given, target) =>
      given.length === 0 ? new WrongDate() : Reflect.construct(right, given, target),
  });
  users += 1;
  try {
    return await clock.run({ skewMs: hours * 3_600_000 }, work);
  } finally {
    users -= 1;
    if (users === 0) globalThis.Date = RightDate;
  }
}

/** Moves on the clock of whatever calls it, which runs within {@link withClockOf}. */
export function moveClock(minutes: number): void {
  const mine = clock.getStore();
  if (!mine) throw new Error('The clock here is the right one.');
  mine.skewMs += minutes * 60_000;
}
