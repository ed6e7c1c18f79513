import { describe, expect, it } from 'vitest';
import { newRunId, scheduledRunId, timeOfRunId } from '../../../shared/runs/run-id.ts';
import { scheduleTriggerFrom } from '../../../shared/runs/trigger.ts';

const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const time = '2026-11-21T04:30:00.000Z';

describe('run ids', () => {
  it('are UUIDs of version 7 that carry their time', () => {
    const now = new Date('2026-11-21T04:31:02.345Z');
    expect(newRunId(now)).toMatch(V7);
    expect(timeOfRunId(newRunId(now))).toEqual(now);
    expect(newRunId(now)).not.toBe(newRunId(now));
  });

  it('of a scheduled moment are the same each time it is delivered, and differ by stack, job and moment', () => {
    const id = scheduledRunId('Ferry', 'open-orders', time);
    expect(id).toMatch(V7);
    expect(timeOfRunId(id).toISOString()).toBe(time);
    expect(scheduledRunId('Ferry', 'open-orders', time)).toBe(id);
    const others = [
      scheduledRunId('Ferry2', 'open-orders', time),
      scheduledRunId('Ferry', 'orders', time),
      scheduledRunId('Ferry', 'open-orders', '2026-11-21T04:31:00.000Z'),
    ];
    expect(new Set([id, ...others]).size).toBe(4);
  });
});

describe('scheduleTriggerFrom', () => {
  it('takes the time that Scheduler provides', () => {
    expect(scheduleTriggerFrom('2026-11-21T04:30:00Z', new Date())).toEqual({
      trigger: { type: 'schedule', scheduledTime: time },
    });
  });

  it('uses the current UTC minute for a placeholder that nobody replaced, and says so', () => {
    const { trigger, warning } = scheduleTriggerFrom(
      '<aws.scheduler.scheduled-time>',
      new Date('2026-11-21T04:30:59.999Z'),
    );
    expect(trigger).toEqual({ type: 'schedule', scheduledTime: time });
    expect(warning).toContain(time);
  });
});
