/** What started a run. */
export type Trigger =
  | { type: 'schedule'; scheduledTime: string }
  | { type: 'api'; triggeredBy: string }
  | { type: 'cli'; triggeredBy: string };

/**
 * The trigger for a schedule's input. EventBridge Scheduler puts the planned time instead of
 * `<aws.scheduler.scheduled-time>`; emulators deliver the placeholder as it is, and the current UTC minute takes its place.
 *
 * @returns `warning` when that happened
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
