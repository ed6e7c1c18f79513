import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { AskError, ask } from '../calls/ask.ts';

/** A request that somebody makes by a button, and what came of it. */
export interface Request<T> {
  busy: boolean;
  data: T | undefined;
  error: AskError | undefined;
  /** @returns the answer; undefined for none, or one that nobody waits for any more */
  send: (path: string, body: unknown) => Promise<T | undefined>;
  /** Forgets the answer, and the request if it is under way. */
  forget: () => void;
}

/** @returns what the newest request was answered */
export function useRequest<T>(): Request<T> {
  const [state, setState] = useState<Pick<Request<T>, 'busy' | 'data' | 'error'>>(NOTHING);
  const current = useRef<AbortController>(undefined);
  useEffect(() => () => current.current?.abort(), []);
  const forget = useCallback(() => {
    current.current?.abort();
    setState(NOTHING);
  }, []);
  const send = useCallback(async (path: string, body: unknown) => {
    current.current?.abort();
    const ending = new AbortController();
    current.current = ending;
    setState({ ...NOTHING, busy: true });
    try {
      const data = await ask<T>(`api${path}`, { method: 'POST', body, signal: ending.signal });
      if (ending.signal.aborted) return undefined;
      setState({ ...NOTHING, data });
      return data;
    } catch (error) {
      if (ending.signal.aborted) return undefined;
      if (!(error instanceof AskError)) throw error;
      setState({ ...NOTHING, error });
      return undefined;
    }
  }, []);
  return { ...state, send, forget };
}

const NOTHING = { busy: false, data: undefined, error: undefined };
