import { useEffect, useState } from 'preact/hooks';
import { useWords } from '../words/use-words.ts';

/** A moment, and how far it is from now. */
export function Moment({ at, only }: { at: string; only?: 'relative' }) {
  const { formats } = useWords();
  const now = useNow(30_000);
  const relative = formats.relative(at, now);
  return (
    <time dateTime={at} title={formats.moment(at)}>
      {only ? relative : `${formats.moment(at)} (${relative})`}
    </time>
  );
}

/** The time, as it passes. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
