import type { Scheduler } from '../../config/schedule/eventbridge-schedule.ts';
import type { RunRecord } from '../../runs/records/run-record.ts';
import type { Incident } from './incident.ts';

/** What a message says, in one language. Messages of errors stay as they were recorded. */
export interface AlertWords {
  labels: Readonly<
    Record<
      | 'job'
      | 'what'
      | 'error'
      | 'planned'
      | 'since'
      | 'worksAgain'
      | 'lastGood'
      | 'advice'
      | 'run'
      | 'start'
      | 'logs',
      string
    >
  >;
  /** Of what the error itself advises, in its own language; absent where that is the advice. */
  hint?: string;
  noneYet: string;
  /** Several jobs, in a subject. @param source empty for jobs of several sources */
  jobs(count: number, source: string): string;
  /** What follows the name of the job, or of several, in a subject. */
  summary(incident: Incident, count: number): string;
  nameJob(incident: Incident, kind: RunRecord['kind']): string;
  errorOf(error: NonNullable<RunRecord['error']>): string;
  whatHappened(incident: Incident): string;
  adviceFor(
    incident: Incident,
    record: RunRecord | undefined,
    about: { kind: RunRecord['kind'] | undefined; scheduler: Scheduler | undefined },
  ): string;
  /** @param names the first of them @param isAll whether those are all */
  others(count: number, names: string, isAll: boolean): string;
  closing(incident: Incident | undefined): string;
  /** A moment in a zone. */
  time(iso: string, timeZone: string): string;
  /** For a subject, which may only have ASCII. */
  ascii(text: string): string;
}
