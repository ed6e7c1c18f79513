import { useEffect, useState } from 'preact/hooks';
import type { Planned, Setup } from '../calls/types.ts';
import { useAnswer } from '../calls/use-answer.ts';
import type { Draft } from '../logic/draft.ts';
import { useWords } from '../words/use-words.ts';
import { TextField } from './field.tsx';
import { Refusal } from './refusal.tsx';

// Nobody types slower on purpose, and each question costs an answer.
const TYPING_MS = 400;

/** What the job is called, and when it runs. */
export function JobStep(props: { draft: Draft; setup: Setup; onChange: (change: Partial<Draft>) => void }) {
  const { draft, setup, onChange } = props;
  const { words } = useWords();
  const { kind, source } = draft;
  return (
    <>
      <TextField label={words.setUp.jobName} value={draft.job} onValue={(job) => onChange({ job })} />
      {kind === 'extraction' && (
        <>
          {source === '' && (
            <TextField
              label={words.setUp.connectionName}
              value={draft.connectionName}
              onValue={(connectionName) => onChange({ connectionName })}
            />
          )}
          {/* That of a configured source is only for a start from here. */}
          {(source === '' || setup.startsNew) && (
            <TextField
              label={words.setUp.qualifiedName}
              value={draft.qualifiedName}
              onValue={(qualifiedName) => onChange({ qualifiedName })}
            />
          )}
        </>
      )}
      <TextField
        label={words.setUp.cron}
        hint={words.setUp.cronHint}
        value={draft.cron}
        onValue={(cron) => onChange({ cron })}
      />
      <TextField
        label={words.setUp.timezone}
        value={draft.timezone}
        onValue={(timezone) => onChange({ timezone })}
      />
      <NextRuns cron={draft.cron.trim()} timezone={draft.timezone.trim()} />
    </>
  );
}

function NextRuns({ cron, timezone }: { cron: string; timezone: string }) {
  const { words, formats } = useWords();
  const path =
    cron === '' ? undefined : `/setup/schedule?${new URLSearchParams({ cron, timezone }).toString()}`;
  const planned = useAnswer<Planned>(useSettled(path));
  const { data } = planned;
  return (
    <div role="status">
      <Refusal error={planned.error} />
      {data && (
        <>
          <h3>{words.job.nextRuns}</h3>
          {data.nextRuns.length === 0 && <p class="hint">{words.job.counted}</p>}
          <ol class="next">
            {data.nextRuns.map((run) => (
              <li key={run}>{formats.planned(run, data.timezone)}</li>
            ))}
          </ol>
          {data.skippedRuns.map(({ from, to, times }) => (
            <p key={from} class="notice">
              {words.job.skippedRun(
                times.map(formats.local).join(', '),
                formats.clock(from),
                formats.clock(to),
              )}
            </p>
          ))}
        </>
      )}
    </div>
  );
}

/** A value that has not changed for a moment. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), TYPING_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
