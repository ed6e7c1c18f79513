import { beforeEach, describe, expect, it } from 'vitest';
import { StorageUnavailableError } from '../../../shared/errors.ts';
import { StoreClock } from '../../../shared/serve/starts/store-clock.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

const HOUR = 3_600_000;
const NOON = Date.parse('2027-03-01T12:00:00Z');

// Time passes for all three; the machine's and the store's clock may be wrong.
let passedMs = 0;
let machineMs = 0;
let storeMs = 0;
let away = false;
let asked = 0;
let logged = '';
let clock: StoreClock;
beforeEach(() => {
  [passedMs, machineMs, storeMs, away, asked, logged] = [0, 0, 0, false, 0, ''];
  clock = new StoreClock({
    documents: {
      now: async () => {
        asked += 1;
        if (away) throw new StorageUnavailableError('away');
        return NOON + passedMs + storeMs;
      },
    },
    logger: createLogger({
      level: 'info',
      destination: {
        write: (line) => {
          logged += line;
        },
      },
    }),
    clock: { now: () => NOON + passedMs + machineMs, sleep: async () => {} },
    monotonic: () => passedMs,
  });
});
const shown = () => clock.now() - NOON - passedMs;

describe('the clock that replicas agree on', () => {
  it('is that of the machine, a few seconds more or less', async () => {
    machineMs = 20_000;
    await clock.compare();
    expect([shown(), logged]).toEqual([20_000, '']);
  });

  it.each([
    [HOUR, '1 h 00 min ahead of'],
    [-HOUR, '1 h 00 min behind'],
    [24 * HOUR, '24 h 00 min ahead of'],
  ])('is that of the state where the machine’s is wrong by %d ms', async (wrong, told) => {
    machineMs = wrong;
    await clock.compare();
    expect(shown()).toBe(0);
    expect(logged).toContain(`the clock of this machine is ${told} that of the state`);
  });

  it('is compared every five minutes, and at once when the machine’s clock was changed', async () => {
    for (; passedMs < 20 * 60_000; passedMs += 30_000) await clock.compare();
    expect(asked).toBe(4);
    machineMs = HOUR;
    await clock.compare();
    expect([asked, shown()]).toEqual([5, 0]);
    machineMs = 0;
    await clock.compare();
    expect([asked, shown()]).toEqual([6, 0]);
    expect(logged).toContain('agree again');
  });

  it('stays as it is while the state cannot be reached', async () => {
    machineMs = HOUR;
    await clock.compare();
    away = true;
    passedMs += HOUR;
    await clock.compare();
    expect(shown()).toBe(0);
  });
});
