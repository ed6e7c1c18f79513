import { z } from 'zod';
import type { Incident } from './incident.ts';
import type { WatchedJobs } from './watched-jobs.ts';

/** A message of the dead-letter queue. */
export interface DeadLetter {
  id: string;
  body: string;
  /** When it was sent, ISO 8601. */
  sentAt: string;
  /** Why Scheduler could not deliver it, as it says in an attribute. */
  errorCode?: string | undefined;
}

/** The queue, as far as the watchdog uses it. */
export interface DeadLetterQueue {
  /** Some of the messages, hidden from others for longer than a round; none when there are no more. */
  receive(): Promise<(DeadLetter & { receipt: string })[]>;
  remove(receipt: string): Promise<void>;
}

const start = z.object({ job: z.string() });
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-async-destinations
const fromLambda = z.object({
  requestContext: z.object({ condition: z.string() }),
  requestPayload: start,
});

/** Makes an incident of a lost start: which job, and why it was lost. Of the message nothing else is kept. */
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

function read({ body, errorCode }: DeadLetter): { job: string | undefined; reason: string } {
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    return { job: undefined, reason: errorCode ?? '' };
  }
  const lambda = fromLambda.safeParse(content).data;
  if (lambda) return { job: lambda.requestPayload.job, reason: lambda.requestContext.condition };
  return { job: start.safeParse(content).data?.job, reason: errorCode ?? '' };
}
