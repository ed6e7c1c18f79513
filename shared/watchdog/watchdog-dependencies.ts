import type { DocumentStore } from '../runs/documents/document-store.ts';
import type { RunRequestStore } from '../runs/records/run-request-store.ts';
import type { RunStore } from '../runs/records/run-store.ts';
import type { StartEvent } from '../runs/start-event.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { AlertLinks } from './alerts/alert-message.ts';
import type { Channel } from './alerts/channel.ts';
import type { DeadLetterQueue } from './repairs/dead-letter.ts';

/** What a round of the watchdog works with. */
export interface WatchdogDependencies {
  documents: DocumentStore;
  runs: RunStore;
  requests: Pick<RunRequestStore, 'find'>;
  /** Empty: problems are repaired, and nobody is notified. */
  channels: readonly Channel[];
  deadLetters: DeadLetterQueue;
  /** Starts a job's function, without waiting for its end. */
  start: (event: StartEvent) => Promise<void>;
  where: AlertLinks;
  /** Makes the ids of scheduled runs unique. */
  scope: string;
  logger: Logger;
  /** @default the real clock */
  now?: () => Date;
}
