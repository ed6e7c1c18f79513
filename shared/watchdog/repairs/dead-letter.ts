import * as z from 'zod';
import type { Incident } from '../alerts/incident.ts';
import type { WatchedJobs } from '../watched-jobs.ts';

/** A message of the dead-letter queue. */
export interface DeadLetter {
  id: string;
  body: string;
  /** When it was sent, ISO 8601. */
  sentAt: string;
  /** Why Scheduler could not deliver it, from an attribute. */
  errorCode?: string | undefined;
}

/** The queue, as far as the watchdog uses it. */
export interface DeadLetterQueue {
  /** Some of the messages, hidden from others for longer than a round; empty when there are no more. */
  receive(): Promise<(DeadLetter & { receipt: string })[]>;
  remove(receipt: string): Promise<void>;
}

const start = z.object({ job: z.string(), check: z.boolean().optional() });
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-async-destinations
const fromLambda = z.object({
  requestContext: z.object({ condition: z.string() }),
  requestPayload: start,
  // What the function threw, by its class. A process that was killed threw nothing; Lambda has another name for that
  // (`Runtime.ExitError`).
  responsePayload: z
    .object({ errorType: z.string().regex(/^\w+Error$/) })
    .optional()
    .catch(undefined),
});

/** Whether it is a check that was killed: no run was lost, and whoever asked for it has seen that it does not end. */
export const isCheck = (letter: DeadLetter): boolean => read(letter).isCheck === true;

/**
 * Whether a start is really lost. A run that waits for a slot of its source is not: Lambda has used up its tries, but
 * the run's record says `queued`, so the watchdog starts it again.
 */
export function isStillQueued(letter: DeadLetter): boolean {
  return read(letter).reason === 'QueuedError';
}

/** Turns a lost start into an incident: which job, and why it was lost. Nothing else of the message is stored. */
export function incidentOf(letter: DeadLetter, jobs: WatchedJobs): Incident {
  const { job, reason } = read(letter);
  const known = job !== undefined && Object.hasOwn(jobs, job) ? job : 'unknown';
  return {
    schemaVersion: 1,
    job: known,
    source: jobs[known]?.source ?? '',
    kind: 'dead-letter',
    class: /^\w{1,64}$/.exec(reason)?.[0] ?? 'Unknown',
    subject: letter.id,
    since: letter.sentAt,
    state: 'telling',
    about: 'problem',
    sentTo: [],
  };
}

function read({ body, errorCode }: DeadLetter): {
  job: string | undefined;
  reason: string;
  isCheck?: boolean | undefined;
} {
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    return { job: undefined, reason: errorCode ?? '' };
  }
  const lambda = fromLambda.safeParse(content).data;
  if (lambda)
    return {
      job: lambda.requestPayload.job,
      isCheck: lambda.requestPayload.check,
      reason: lambda.responsePayload?.errorType ?? lambda.requestContext.condition,
    };
  const { job, check } = start.safeParse(content).data ?? {};
  return { job, isCheck: check, reason: errorCode ?? '' };
}
