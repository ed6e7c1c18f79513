import { useEffect, useMemo, useState } from 'preact/hooks';
import { AskError, ask } from '../calls/ask.ts';
import type { JobDetail, Run, RunList } from '../calls/types.ts';
import { useAnswer } from '../calls/use-answer.ts';
import { withOffsets } from '../logic/clock.ts';
import { type GatheredRuns, gatherRuns } from '../logic/gather-runs.ts';
import { standingOf } from '../logic/order-jobs.ts';
import { runAddress } from '../logic/place.ts';
import { findSchemaChanges, type SchemaChange } from '../logic/schema-changes.ts';
import { AskFirst } from '../parts/ask-first.tsx';
import { StandingBadge } from '../parts/badge.tsx';
import { CheckList } from '../parts/check-list.tsx';
import { HistoryPlot } from '../parts/history-plot.tsx';
import { Moment } from '../parts/moment.tsx';
import { RunTable } from '../parts/run-table.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { Waiting } from '../parts/waiting.tsx';
import { useWords } from '../words/use-words.ts';

const EVERY_MS = 5_000;
const SHOWN_RUNS = 100;

/** One job: when it runs next, how it went, what its result looks like, and whether the next run would work. */
export function JobPage({ job: name }: { job: string }) {
  const { words } = useWords();
  const path = `/jobs/${encodeURIComponent(name)}`;
  const job = useAnswer<JobDetail>(path, EVERY_MS);
  const newest = job.data?.running?.id ?? job.data?.lastRun?.id;
  const { runs, unreadable, more, retry, error } = useRuns(path, `${newest} ${job.data?.lastRun?.state}`);
  const ended = useMemo(() => runs.filter(({ endedAt }) => endedAt !== undefined), [runs]);
  if (!job.data) return <Waiting title={name} answer={job} />;
  return (
    <>
      <Trouble error={job.error} isOld retry={job.reload} />
      <Top job={job.data} onDone={job.reload} />
      <NextRuns job={job.data} />
      <section aria-labelledby="history">
        <h2 id="history">{words.job.history}</h2>
        {ended.length === 0 ? (
          <p>{words.job.noHistory}</p>
        ) : (
          <div class="plots">
            <HistoryPlot runs={ended} measure="duration" />
            <HistoryPlot runs={ended} measure="rows" />
          </div>
        )}
      </section>
      <section aria-labelledby="runs">
        <h2 id="runs">{words.job.runs}</h2>
        <Trouble error={error} isOld retry={retry} />
        {runs.length > 0 && <RunTable runs={runs} />}
        {more && (
          <button type="button" onClick={more}>
            {words.job.more}
          </button>
        )}
        {unreadable.length > 0 && (
          <details>
            <summary>{words.job.unreadable}</summary>
            <ul>
              {unreadable.map(({ id, message }) => (
                <li key={id}>{message}</li>
              ))}
            </ul>
          </details>
        )}
      </section>
      <section aria-labelledby="check">
        <h2 id="check">{words.job.check}</h2>
        <p class="hint">{words.job.checkHint}</p>
        <CheckList job={name} label={words.job.checkNow} withColumns />
      </section>
      <Schema job={job.data} runs={runs} />
    </>
  );
}

function Top({ job, onDone }: { job: JobDetail; onDone: () => void }) {
  const { words, formats } = useWords();
  const { name, kind, source, sources = [], dataset, running, overdueSince, lastGoodRun, unreadable } = job;
  return (
    <header class="page">
      <h1>{name}</h1>
      <p>
        <StandingBadge standing={standingOf(job)} /> {words.kinds[kind]} · {words.job.from}{' '}
        {(kind === 'sync' ? [source] : sources).join(', ')}
        {dataset !== undefined && (
          <>
            {' '}
            · {words.job.to} <code>{dataset}</code>
          </>
        )}
      </p>
      {overdueSince !== undefined && (
        <p class="notice bad">{words.list.overdue(formats.moment(overdueSince))}</p>
      )}
      {unreadable !== undefined && <p class="notice bad">{unreadable}</p>}
      {lastGoodRun && (
        <p class="hint">
          {words.list.sinceGood(formats.moment(lastGoodRun.endedAt ?? lastGoodRun.startedAt))}
        </p>
      )}
      {running ? (
        <p class="notice">
          {words.job.underWay} <a href={runAddress(running.id)}>{words.job.toRun}</a>
        </p>
      ) : (
        <AskFirst
          onDone={onDone}
          deed={{
            label: words.job.runNow,
            title: words.job.runNowTitle(name),
            does: kind === 'sync' ? words.job.runNowSync : words.job.runNowExtraction,
            path: `/jobs/${encodeURIComponent(name)}/runs`,
            takesReason: false,
            startsRun: true,
          }}
        />
      )}
    </header>
  );
}

function NextRuns({ job }: { job: JobDetail }) {
  const { words, formats } = useWords();
  const { schedule, nextRuns, skippedRuns = [] } = job;
  const zone = schedule?.timezone ?? 'UTC';
  return (
    <section aria-labelledby="next">
      <h2 id="next">{words.job.nextRuns}</h2>
      {!schedule ? (
        <p>{words.job.noSchedule}</p>
      ) : (
        <>
          <p class="hint">
            {words.job.schedule}: <code>{schedule.expression}</code> {words.job.inZone(zone)}
          </p>
          {!schedule.enabled && <p>{words.job.switchedOff}</p>}
          {schedule.enabled && nextRuns.length === 0 && <p>{words.job.counted}</p>}
          <ol class="next">
            {withOffsets(nextRuns, zone, new Date().toISOString()).map(({ at, offset, changed }) => (
              <li key={at}>
                <time dateTime={at}>{formats.planned(at, zone)}</time> <span class="hint">{offset}</span>{' '}
                {changed && <strong>{words.job.clockChanged}</strong>}
              </li>
            ))}
          </ol>
          {skippedRuns.map(({ from, to, times }) => (
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
    </section>
  );
}

function Schema({ job, runs }: { job: JobDetail; runs: readonly Run[] }) {
  const { words, formats } = useWords();
  const { baseline, kind } = job;
  const changes = useMemo(() => findSchemaChanges(runs), [runs]);
  if (kind === 'extraction') return null;
  const schema = baseline?.schema ?? runs.find((run) => run.schema)?.schema;
  return (
    <section aria-labelledby="schema">
      <h2 id="schema">{words.job.schema}</h2>
      <p>
        {words.job.baseline}:{' '}
        {baseline
          ? words.job.baselineOf(
              formats.count(baseline.rows),
              baseline.rows,
              formats.bytes(baseline.bytes),
              formats.moment(baseline.at),
            )
          : words.job.noBaseline}
      </p>
      {schema ? (
        <table>
          <thead>
            <tr>
              <th scope="col">{words.job.column}</th>
              <th scope="col">{words.job.type}</th>
            </tr>
          </thead>
          <tbody>
            {schema.map(({ name, type }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{type}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p>{words.job.noSchema}</p>
      )}
      <h3>{words.job.changes}</h3>
      {changes.length === 0 ? (
        <p class="hint">{words.job.noChanges}</p>
      ) : (
        <ul>
          {changes.map(({ run, change }) => (
            <li key={run.id}>
              <a href={runAddress(run.id)}>
                <Moment at={run.startedAt ?? ''} />
              </a>
              : <Change change={change} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Change({ change }: { change: SchemaChange }) {
  const { words } = useWords();
  const { added, removed, retyped, reordered } = change;
  const parts = [
    ...added.map(({ name }) => `${name} ${words.job.added}`),
    ...removed.map(({ name }) => `${name} ${words.job.removed}`),
    ...retyped.map(({ name, from, to }) => `${name}: ${words.job.retyped(from, to)}`),
    ...(reordered ? [words.job.reordered] : []),
  ];
  return <>{parts.join('; ')}</>;
}

/** The newest runs, and older ones on demand; read again when there is something new. */
function useRuns(path: string, version: string) {
  const [known, setKnown] = useState<GatheredRuns>();
  const [error, setError] = useState<AskError>();
  const [isReading, setReading] = useState(false);
  const read = async (cursor?: string) => {
    setReading(true);
    try {
      const from = cursor === undefined ? '' : `&cursor=${cursor}`;
      const page = await ask<RunList>(`api${path}/runs?limit=${SHOWN_RUNS}${from}`);
      setKnown((before) => gatherRuns(before, page, cursor === undefined));
      setError(undefined);
    } catch (failed) {
      if (failed instanceof AskError) setError(failed);
    } finally {
      setReading(false);
    }
  };
  useEffect(() => {
    void read();
  }, [path, version]);
  const { runs = [], unreadable = [], next } = known ?? {};
  return {
    runs,
    unreadable,
    more: next === undefined || isReading ? undefined : () => void read(next),
    retry: () => void read(),
    error,
  };
}
