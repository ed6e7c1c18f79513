/** What started a run. */
export type Trigger =
  | { type: 'schedule'; scheduledTime: string }
  | { type: 'api'; triggeredBy: string }
  | { type: 'cli'; triggeredBy: string };

/**
 * The trigger for a schedule's input. EventBridge Scheduler replaces `<aws.scheduler.scheduled-time>` by the planned
 * time. Emulators deliver the placeholder as it is, and the current UTC minute is used instead.
 *
 * @returns `warning` if that happened
 */
export function scheduleTriggerFrom(
  scheduledTime: string,
  now: Date,
): { trigger: Trigger; warning?: string } {
  const time = Date.parse(scheduledTime);
  if (!Number.isNaN(time)) {
    return { trigger: { type: 'schedule', scheduledTime: new Date(time).toISOString() } };
  }
  const minute = new Date(Math.floor(now.getTime() / 60_000) * 60_000).toISOString();
  return {
    trigger: { type: 'schedule', scheduledTime: minute },
    warning: `The schedule did not pass its time; using ${minute} instead.`,
  };
}
