import type { JobState } from '../../runs/records/job-states.ts';
import type { Problem } from '../problems.ts';
import type { WatchedJobs } from '../watched-jobs.ts';
import { type Incident, incidentName, type SeenIncident } from './incident.ts';

/** Longer than a watchdog works: one that has not sent by then has died, or could not send. */
export const TELLING_EXPIRY_MS = 3 * 60_000;
/** Longer than a round, so that a slow watchdog never takes an old incident for a new one. */
export const CLOSED_KEPT_MS = 24 * 3_600_000;

/**
 * A change of an incident, against the version that was seen. `tell`: the watchdog that makes the change also sends the
 * message.
 */
export type Change =
  | { type: 'write'; incident: Incident; seen: string | undefined; tell: boolean }
  | { type: 'remove'; name: string };

function opened({ measured, ...problem }: Problem): Incident {
  return {
    schemaVersion: 1,
    ...problem,
    ...(measured ? { measured } : {}),
    state: 'telling',
    about: 'problem',
    sentTo: [],
  };
}

/**
 * Which incidents begin, end, or must be reported again because the process that was about to report them died.
 *
 * A failure, of all or of some databases, lasts until a run succeeds completely, whatever happens in between. It is
 * reported again only when the class of the error changes. The end is reported only if the problem was reported and
 * kept data from arriving (failed, overdue).
 */
export function decideAlerts(
  problems: readonly Problem[],
  incidents: ReadonlyMap<string, SeenIncident>,
  states: ReadonlyMap<string, JobState>,
  jobs: WatchedJobs,
): Change[] {
  const byName = new Map(problems.map((problem) => [incidentName(problem), problem]));
  const names = new Set([...byName.keys(), ...incidents.keys()]);
  return [...names].flatMap((name) => {
    const problem = byName.get(name);
    const seen = incidents.get(name);
    if (!seen)
      return problem ? [{ type: 'write', incident: opened(problem), seen: undefined, tell: true }] : [];
    const { job } = seen.incident;
    return changeOf(name, seen, problem, Object.hasOwn(jobs, job) ? states.get(job) : undefined) ?? [];
  });
}

function changeOf(
  name: string,
  { incident, version, ageMs }: SeenIncident,
  problem: Problem | undefined,
  state: JobState | undefined,
): Change | undefined {
  const write = (next: Incident, tell: boolean): Change => ({
    type: 'write',
    incident: next,
    seen: version,
    tell,
  });
  switch (incident.state) {
    case 'telling':
      return ageMs > TELLING_EXPIRY_MS ? write(incident, true) : undefined;
    case 'closed':
      if (problem && problem.subject !== incident.subject) return write(opened(problem), true);
      return ageMs > CLOSED_KEPT_MS && !problem ? { type: 'remove', name } : undefined;
    case 'told':
      if (problem) return problem.class === incident.class ? undefined : write(opened(problem), true);
      return changeOfPassed(incident, state, write);
  }
}

/** What becomes of a reported incident whose problem no longer exists. */
function changeOfPassed(
  incident: Incident,
  state: JobState | undefined,
  write: (next: Incident, tell: boolean) => Change,
): Change | undefined {
  const closed: Incident = { ...incident, state: 'closed' };
  if (incident.kind !== 'failed' && incident.kind !== 'overdue') return write(closed, false);
  // Removed from the configuration: nobody waits for it any more.
  if (!state) return write(closed, false);
  const { lastEnded, unfinished } = state;
  if (lastEnded?.state === 'succeeded' && isNewer(lastEnded.endedAt, incident.since)) {
    const recoveredAt = lastEnded.endedAt ?? lastEnded.startedAt;
    return write({ ...incident, state: 'telling', about: 'recovery', recoveredAt, sentTo: [] }, true);
  }
  // A late run has come and failed, which is reported separately.
  const failed = lastEnded?.state === 'failed' || lastEnded?.state === 'partial';
  if (incident.kind === 'overdue' && failed && unfinished.length === 0) {
    return write(closed, false);
  }
  return undefined;
}

const isNewer = (a: string | undefined, b: string) => a !== undefined && Date.parse(a) >= Date.parse(b);
