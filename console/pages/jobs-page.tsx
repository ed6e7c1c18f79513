import { useMemo, useState } from 'preact/hooks';
import type { Job, JobList } from '../calls/types.ts';
import { useAnswer } from '../calls/use-answer.ts';
import { countStandings, findJobs, orderJobs, standingOf } from '../logic/order-jobs.ts';
import { jobAddress, runAddress } from '../logic/place.ts';
import { StandingBadge } from '../parts/badge.tsx';
import { Moment } from '../parts/moment.tsx';
import { SparkLine } from '../parts/spark-line.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { Waiting } from '../parts/waiting.tsx';
import { useWords } from '../words/use-words.ts';

const EVERY_MS = 5_000;
const PAST_EVERY_MS = 60_000;

/** All jobs: what moved, what did not, and why. Failed and overdue ones come first. */
export function JobsPage() {
  const { words } = useWords();
  // The list first; its pictures may take longer, and change less often.
  const list = useAnswer<JobList>('/jobs', EVERY_MS);
  const past = useAnswer<JobList>(list.data ? '/jobs?runs=30' : undefined, PAST_EVERY_MS);
  const [text, setText] = useState('');
  const jobs = useMemo(() => orderJobs(list.data?.jobs ?? []), [list.data]);
  const found = useMemo(
    () => findJobs(jobs, text, (standing) => words.standings[standing]),
    [jobs, text, words],
  );
  const runs = useMemo(
    () => new Map((past.data?.jobs ?? []).map(({ name, recentRuns = [] }) => [name, recentRuns])),
    [past.data],
  );
  if (!list.data) return <Waiting title={words.jobs} answer={list} />;
  return (
    <>
      <h1>{words.jobs}</h1>
      <Trouble error={list.error} isOld retry={list.reload} />
      <Summary jobs={jobs} onChoose={setText} />
      <label class="find">
        {words.list.find}
        <input
          type="search"
          value={text}
          placeholder={words.list.findHint}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {jobs.length === 0 ? (
        <p>{words.list.noJobs}</p>
      ) : found.length === 0 ? (
        <p>{words.list.nothing}</p>
      ) : (
        <table class="jobs">
          <thead>
            <tr>
              <th scope="col">{words.list.job}</th>
              <th scope="col">{words.list.state}</th>
              <th scope="col">{words.list.next}</th>
              <th scope="col">{words.list.past}</th>
              <th scope="col" class="number">
                {words.list.rows}
              </th>
            </tr>
          </thead>
          <tbody>
            {found.map((job) => (
              <JobRow key={job.name} job={job} runs={runs.get(job.name)} />
            ))}
          </tbody>
        </table>
      )}
      <p class="hint">{words.list.legend}</p>
    </>
  );
}

function Summary({ jobs, onChoose }: { jobs: readonly Job[]; onChoose: (text: string) => void }) {
  const { words, formats } = useWords();
  return (
    <p class="summary">
      {countStandings(jobs).map(({ standing, count }) => (
        <button
          key={standing}
          type="button"
          class="plain"
          onClick={() => onChoose(words.standings[standing])}
        >
          <strong>{formats.count(count)}</strong> <StandingBadge standing={standing} />
        </button>
      ))}
    </p>
  );
}

function JobRow({ job, runs }: { job: Job; runs: NonNullable<Job['recentRuns']> | undefined }) {
  const { words, formats } = useWords();
  const { name, kind, source, sources = [], dataset, lastGoodRun, nextRun, overdueSince } = job;
  // As the standing: a skipped run says nothing.
  const lastRun = job.running ?? job.lastEndedRun ?? job.lastRun;
  const rows = lastRun?.rows ?? lastGoodRun?.rows;
  const from = kind === 'sync' ? `${source} → ${dataset}` : sources.join(', ');
  return (
    <tr>
      <th scope="row">
        <a href={jobAddress(name)}>{name}</a>
        <span class="hint">
          {words.kinds[kind]} · {from}
        </span>
      </th>
      <td data-label={words.list.state}>
        <StandingBadge standing={standingOf(job)} />
        <span class="hint">
          {overdueSince !== undefined && <>{words.list.overdue(formats.moment(overdueSince))} · </>}
          {lastRun?.error !== undefined && <>{lastRun.error} · </>}
          {lastRun && (
            <a href={runAddress(lastRun.id)}>
              <Moment at={lastRun.startedAt} only="relative" />
              <span class="unseen"> ({words.list.lastRun})</span>
            </a>
          )}
        </span>
      </td>
      <td data-label={words.list.next}>
        {nextRun === undefined ? '–' : <Moment at={nextRun} only="relative" />}
      </td>
      <td data-label={words.list.past}>{runs ? <SparkLine runs={runs} /> : <span class="spark" />}</td>
      <td data-label={words.list.rows} class="number">
        {rows === undefined ? '–' : formats.count(rows)}
      </td>
    </tr>
  );
}
