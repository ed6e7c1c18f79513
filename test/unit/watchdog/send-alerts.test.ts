import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NotificationError } from '../../../shared/errors.ts';
import type { DocumentStore } from '../../../shared/runs/documents/document-store.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import type { Channel } from '../../../shared/watchdog/alerts/channel.ts';
import { MINUTE, nightly, unscheduled, watchdogWorld } from '../../support/watchdog.ts';

const failed = { state: 'failed' as const, error: { class: 'AuthError', message: 'no' } };

describe('a message', () => {
  it('that does not get through is sent again in the next round, to those who have not got it', async () => {
    const one = watchdogWorld({ orders: unscheduled });
    const hook: string[] = [];
    let down = true;
    const webhook: Channel = {
      name: 'webhook',
      send: async ({ subject }) => {
        if (down) throw new Error('down');
        hook.push(subject);
      },
    };
    one.channels = [...one.channels, webhook];
    await one.ended(failed);
    expect(await one.round()).toMatchObject({ notified: 0, notificationsFailed: 1 });
    one.wait(5 * MINUTE);
    expect(await one.round()).toMatchObject({ notified: 0, notificationsFailed: 1 });
    down = false;
    one.wait(5 * MINUTE);
    expect(await one.round()).toMatchObject({ notified: 1, notificationsFailed: 0 });
    await one.round();
    expect([one.sent.length, hook.length]).toEqual([1, 1]);
  });

  it('that does not get through is an error of the log once an hour, and so is the end of that news', async () => {
    const one = watchdogWorld({ orders: unscheduled });
    const lines: string[] = [];
    const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } });
    let failure: Error | undefined = new NotificationError('The webhook answered 404.');
    const send = async () => {
      if (failure) throw failure;
    };
    one.channels = [{ name: 'webhook', send }];
    await one.ended(failed);
    const said = async (minutes: number) => {
      one.wait(minutes * MINUTE);
      await one.round({ logger });
      return lines
        .splice(0)
        .map((line) => JSON.parse(line))
        .filter(({ channel }) => channel !== undefined)
        .map(({ level, msg, failedBefore }) => [level, msg, failedBefore]);
    };
    const first = ['error', 'Nobody was notified: The webhook answered 404.', undefined];
    expect(await said(0)).toEqual([first]);
    expect(await said(30)).toEqual([]);
    expect(await said(10)).toEqual([]);
    expect(await said(30)).toEqual([['error', first[1], 2]]);
    failure = new NotificationError('The webhook cannot be reached.');
    expect(await said(5)).toEqual([
      ['error', 'Nobody was notified: The webhook cannot be reached.', undefined],
    ]);
    failure = undefined;
    expect(await said(5)).toEqual([['info', 'messages reach people again', undefined]]);
    await one.ended({ state: 'succeeded' });
    expect(await said(5)).toEqual([]);
  });

  it('that was not sent for a failure is sent for it, even if the job works by then', async () => {
    const one = watchdogWorld({ orders: unscheduled });
    const [topic] = one.channels;
    one.channels = [{ name: 'topic', send: () => Promise.reject(new Error('down')) }];
    await one.ended(failed);
    await one.round();
    one.wait(5 * MINUTE);
    await one.ended({ state: 'succeeded' });
    one.channels = topic ? [topic] : [];
    await one.round();
    await one.round();
    expect(one.subjects().map((subject) => subject.split(' [')[0])).toEqual([
      'orders failed: AuthError',
      'orders works again',
    ]);
  });

  it('of a watchdog that died after its claim is sent by the next one', async () => {
    const one = watchdogWorld({ orders: unscheduled });
    await one.ended(failed);
    const [topic] = one.channels;
    // Never comes back, as a process that was killed.
    let asked = () => {};
    const reached = new Promise<void>((resolve) => {
      asked = resolve;
    });
    one.channels = [
      {
        name: 'topic',
        send: () => {
          asked();
          return new Promise(() => {});
        },
      },
    ];
    void one.round();
    await reached;
    one.channels = topic ? [topic] : [];
    await one.round();
    expect(one.sent).toEqual([]);
    one.wait(5 * MINUTE);
    await one.round();
    await one.round();
    expect(one.sent).toHaveLength(1);
  });

  it('is claimed by nobody without a channel, and is sent once there is one', async () => {
    const one = watchdogWorld({ orders: unscheduled });
    const { channels } = one;
    one.channels = [];
    await one.ended(failed);
    await one.round();
    expect(await one.documents.list('alerts/', 10)).toEqual([]);
    one.channels = channels;
    await one.round();
    expect(one.sent).toHaveLength(1);
  });

  it('of two watchdogs at once is sent by one of them, whatever happens to a job', async () => {
    const steps = ['fails', 'fails otherwise', 'works', 'is cancelled', 'later'];
    const step = fc.constantFrom(...steps, ...steps.map(() => 'rounds'));
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.scheduler(),
        async (steps, scheduler) => {
          const one = watchdogWorld({ orders: unscheduled });
          // Each call of the store comes when the scheduler says, so that the rounds are interleaved in every way.
          const documents = new Proxy<DocumentStore>(one.documents, {
            get: (target, name: keyof DocumentStore) =>
              ['read', 'replace', 'listWithAges', 'list', 'get'].includes(name)
                ? (...given: never[]) =>
                    scheduler
                      .schedule(Promise.resolve())
                      .then(() => (target[name] as (...all: never[]) => unknown)(...given))
                : target[name],
          });
          const rounds = async () => {
            await scheduler.waitFor(Promise.all([one.round({ documents }), one.round({ documents })]));
          };
          for (const name of steps) {
            one.wait(1000);
            if (name === 'fails') await one.ended(failed);
            if (name === 'fails otherwise')
              await one.ended({ ...failed, error: { class: 'QueryError', message: 'no' } });
            if (name === 'works') await one.ended({ state: 'succeeded' });
            if (name === 'is cancelled') await one.ended({ state: 'cancelled' });
            if (name === 'rounds') await rounds();
            if (name === 'later') one.wait(5 * MINUTE);
          }
          const told = one.sent.map(({ alerts: [alert] }) => `${alert?.about} ${alert?.class}`);
          // Never the same twice in a row, and the end only of what was told.
          expect(told.filter((text, index) => text === told[index - 1])).toEqual([]);
          const ends = told.flatMap((text, index) => (text.startsWith('recovery') ? [told[index - 1]] : []));
          expect(ends.every((before) => before?.startsWith('problem'))).toBe(true);
          for (const { alerts } of one.sent) expect(alerts).toHaveLength(1);
          sent += told.length;
        },
      ),
      { numRuns: 200 },
    );
    expect(sent).toBeGreaterThan(50);
  });
});

describe('a round', () => {
  it('with an incident and a memory that cannot be read does everything else, and says so', async () => {
    const one = watchdogWorld({ orders: unscheduled, customers: unscheduled });
    await one.ended(failed);
    await one.round();
    const [key = ''] = (await one.documents.listWithAges('alerts/', 9)).map((listed) => listed.key);
    const memoryKey = `watchdog/${key.split('/')[1]}.schedules.json`;
    for (const name of [key, memoryKey]) {
      const { version } = (await one.documents.read(name)) ?? {};
      await one.documents.replace(name, '{"schemaVersion":2}', version);
    }
    await one.ended({ ...failed, job: 'customers' });
    const lines: string[] = [];
    const logger = createLogger({ level: 'error', destination: { write: (line) => void lines.push(line) } });
    expect(await one.round({ logger })).toMatchObject({ notified: 1, notRead: 2 });
    const said = lines.map((line) => JSON.parse(line) as { msg: string; hint: string });
    expect(said).toHaveLength(2);
    for (const { msg, hint } of said) {
      expect(hint).toMatch(/\S/);
      // Lines for people show the hint behind the message.
      expect(msg).not.toContain(hint);
    }
    expect(one.sent.flatMap(({ alerts }) => alerts.map(({ job }) => job))).toEqual(['orders', 'customers']);
    // They are a later release's to write.
    for (const name of [key, memoryKey])
      expect((await one.documents.read(name))?.body).toBe('{"schemaVersion":2}');
  });

  it('with 300 quiet jobs takes a few calls', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `job-${index}`);
    const one = watchdogWorld(
      Object.fromEntries(names.map((job) => [job, nightly])),
      '2026-11-20T03:30:00.000Z',
    );
    await one.round();
    one.at('2026-11-21T03:30:00.000Z');
    for (const job of names) await one.ended({ job, scheduledTime: '2026-11-21T03:30:00.000Z' });
    one.at('2026-11-21T12:00:00.000Z');
    one.calls.clear();
    await one.round();
    expect(Object.fromEntries(one.calls)).toEqual({ listWithAges: 3, list: 1, read: 1 });
    expect(one.sent).toEqual([]);
  });
});
