import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { AskError, ask } from './ask.ts';

/** What a page has of an answer. */
export interface Answer<T> {
  data: T | undefined;
  /** Why the last question was not answered; `data` is then older than it should be. */
  error: AskError | undefined;
  /** Asks again now. */
  reload: () => void;
}

/** How long after an answer, or after none, the next question is asked, in ms; undefined: no more. */
type Every<T> = (data: T | undefined, error: AskError | undefined) => number | undefined;

/**
 * Asks the API, and again and again if wanted; never while nobody looks at the page.
 *
 * @param path of the API, such as `/jobs`; undefined: nothing is asked
 * @param everyMs how long after an answer it asks again, or what an answer says about it; undefined: never
 */
export function useAnswer<T>(path: string | undefined, everyMs?: number | Every<T>): Answer<T> {
  const [state, setState] = useState<{ path?: string; data?: T; error?: AskError }>({});
  const [round, setRound] = useState(0);
  const every = useRef(everyMs);
  every.current = everyMs;

  useEffect(() => {
    if (path === undefined) return undefined;
    const ending = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const next = (data: T | undefined, error: AskError | undefined) => {
      const ms = typeof every.current === 'function' ? every.current(data, error) : every.current;
      if (ms !== undefined && !ending.signal.aborted) timer = setTimeout(look, ms);
    };
    const look = async () => {
      if (document.hidden) {
        document.addEventListener('visibilitychange', look, { once: true, signal: ending.signal });
        return;
      }
      try {
        const data = await ask<T>(`api${path}`, { signal: ending.signal });
        if (!ending.signal.aborted) setState({ path, data });
        next(data, undefined);
      } catch (error) {
        if (ending.signal.aborted || !(error instanceof AskError)) return;
        setState((before) => ({ ...(before.path === path ? before : { path }), error }));
        next(undefined, error);
      }
    };
    void look();
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, [path, round, everyMs === undefined]);

  const reload = useCallback(() => setRound((before) => before + 1), []);
  const isOf = state.path === path;
  return { data: isOf ? state.data : undefined, error: isOf ? state.error : undefined, reload };
}
