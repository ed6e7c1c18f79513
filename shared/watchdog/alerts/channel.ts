/** One alert of a message, for machines. */
export interface AlertFacts {
  job: string;
  source: string;
  kind: string;
  class: string;
  about: 'problem' | 'recovery';
  /** ISO 8601. */
  since: string;
  runId?: string;
}

/** One message to people. */
export interface AlertMessage {
  /** ASCII, one line, below 100 characters, as SNS requires. */
  subject: string;
  /** Plain text, which may contain umlauts. */
  text: string;
  stack: string;
  alerts: AlertFacts[];
}

/** A way to notify people. */
export interface Channel {
  name: string;
  /** Whether a message could be sent at all, as far as that can be told without one. @throws when it could not */
  assertUsable?(): Promise<void>;
  /** @throws when it may not have arrived */
  send(message: AlertMessage): Promise<void>;
}
