import { mapInBatches } from '../../batches.ts';
import { type FerryError, toFerryError } from '../../errors.ts';
import type { JobState } from '../../runs/records/job-states.ts';
import type { WatchdogDependencies } from '../watchdog-dependencies.ts';
import { type Alert, groupAlerts, messageOf, runsToShow } from './alert-message.ts';
import type { Channel } from './channel.ts';
import { noteSuccess, noteTrouble } from './channel-troubles.ts';
import { type ClaimedIncident, type Incident, writeIncident } from './incident.ts';

type ClaimedAlert = Alert & { version: string };

/**
 * Reports what this watchdog has claimed, and records who has received it. Each message goes to each channel at least
 * once, and a second time only when the process dies between sending and recording. What did not get through stays
 * claimed until that claim expires.
 */
export async function sendAlerts(
  claimed: readonly ClaimedIncident[],
  states: ReadonlyMap<string, JobState>,
  dependencies: Pick<
    WatchdogDependencies,
    'documents' | 'runs' | 'channels' | 'where' | 'scope' | 'logger' | 'now'
  >,
): Promise<{ notified: number; notificationsFailed: number }> {
  const alerts: ClaimedAlert[] = claimed.map(({ incident, version }) => ({
    incident,
    version,
    lastGood: states.get(incident.job)?.lastGood?.endedAt,
  }));
  const counts = await mapInBatches(groupAlerts(alerts) as ClaimedAlert[][], (group) =>
    sendGroup(group, dependencies),
  );
  return {
    notified: counts.reduce((sum, { notified }) => sum + notified, 0),
    notificationsFailed: counts.reduce((sum, { notificationsFailed }) => sum + notificationsFailed, 0),
  };
}

async function sendGroup(
  group: ClaimedAlert[],
  {
    documents,
    runs,
    channels,
    where,
    scope,
    logger,
    now = () => new Date(),
  }: Parameters<typeof sendAlerts>[2],
): Promise<{ notified: number; notificationsFailed: number }> {
  const records = new Map(
    await Promise.all(
      runsToShow(group).map(
        async ({ job, subject }) =>
          [subject, await runs.getOfJob(job, subject).catch(() => undefined)] as const,
      ),
    ),
  );
  const shown = group.map((alert) => ({ ...alert, record: records.get(alert.incident.subject) }));
  const message = messageOf(shown, where);
  const [first] = group;
  const missing = channels.filter(({ name }) => !first?.incident.sentTo.includes(name));
  const outcomes = await Promise.all(missing.map((channel) => send(channel, message)));
  const failed = outcomes.filter(({ error }) => error !== undefined);
  for (const outcome of outcomes) logOutcome(outcome, { alerts: group.length, now: now().getTime(), logger });
  const sentTo = outcomes.filter(({ error }) => error === undefined).map(({ channel }) => channel.name);
  await mapInBatches(group, ({ incident, version }) =>
    writeIncident(documents, scope, noteSent(incident, sentTo, failed.length === 0), version),
  );
  return failed.length === 0
    ? { notified: group.length, notificationsFailed: 0 }
    : { notified: 0, notificationsFailed: failed.length };
}

function noteSent(incident: Incident, sentTo: readonly string[], complete: boolean): Incident {
  const next = { ...incident, sentTo: [...incident.sentTo, ...sentTo] };
  if (!complete) return next;
  const over = incident.about === 'recovery' || incident.kind === 'dead-letter';
  return { ...next, state: over ? 'closed' : 'told' };
}

interface Outcome {
  channel: Channel;
  error: FerryError | undefined;
}

/** A failure is an error once; what the metrics count is every one of them. */
function logOutcome(
  { channel, error }: Outcome,
  { alerts, now, logger }: { alerts: number; now: number; logger: WatchdogDependencies['logger'] },
): void {
  const { name } = channel;
  if (error === undefined) {
    if (noteSuccess(channel)) logger.info({ channel: name }, 'messages reach people again');
    return;
  }
  const { class: kind, message, hint } = error;
  const unsaid = noteTrouble(channel, message, now);
  const about = { channel: name, class: kind, alerts, ...(hint === undefined ? {} : { hint }) };
  if (unsaid === undefined) logger.debug(about, `Nobody was notified: ${message}`);
  else
    logger.error(
      { ...about, ...(unsaid > 0 && { failedBefore: unsaid }) },
      `Nobody was notified: ${message}`,
    );
}

async function send(channel: Channel, message: Parameters<Channel['send']>[0]): Promise<Outcome> {
  try {
    await channel.send(message);
    return { channel, error: undefined };
  } catch (thrown) {
    return { channel, error: toFerryError(thrown) };
  }
}
