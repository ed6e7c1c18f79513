import { sessionKey } from './session-key.ts';
import type { Problem } from './types.ts';

/** Why the console did not get what it asked for. */
export class AskError extends Error {
  /** HTTP status; 0 when the console's own process does not answer. */
  readonly status: number;
  /** The run that is in the way. */
  readonly runId: string | undefined;

  constructor(status: number, detail: string, runId?: string) {
    super(detail);
    this.status = status;
    this.runId = runId;
  }
}

/** A request to the console's own process. */
export interface Ask {
  method?: 'GET' | 'POST' | 'DELETE';
  body?: unknown;
  /** Makes a start safe to repeat. */
  key?: string;
  signal?: AbortSignal;
}

/** An error of the routes below `/workflows/v1` (docs/atlan-api.md). */
interface AtlanRefusal {
  success: false;
  details?: string;
  data?: { run_id?: string };
}

/** Called when the process no longer knows this browser. */
let onSignedOut: () => void = () => {};
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/**
 * Asks the process that serves this page.
 *
 * @param path relative to the page: `session`, `api/jobs`
 * @throws AskError
 */
export async function ask<T>(path: string, { method = 'GET', body, key, signal }: Ask = {}): Promise<T> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      redirect: 'error',
      headers: {
        // A page of another origin cannot send it, and another port does not know it.
        'x-ferry-console': sessionKey(),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
    text = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    throw new AskError(0, error instanceof Error ? error.message : '');
  }
  const answer: unknown = text === '' ? undefined : parse(text);
  if (response.ok) return answer as T;
  const refused = (answer ?? {}) as Partial<Problem> | AtlanRefusal;
  // In the form of Atlan's API, where 401 means that a source has refused a login.
  if ('success' in refused)
    throw new AskError(response.status, refused.details ?? response.statusText, refused.data?.run_id);
  if (response.status === 401 && path !== 'session') onSignedOut();
  const { detail = response.statusText, runId } = refused as Partial<Problem>;
  throw new AskError(response.status, detail, runId);
}

/** A new key for a start: the same key is the same run. */
export function newKey(): string {
  // randomUUID() is only there on https and on this machine.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
