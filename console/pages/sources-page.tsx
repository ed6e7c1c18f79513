import { useMemo } from 'preact/hooks';
import type { JobList } from '../calls/types.ts';
import { useAnswer } from '../calls/use-answer.ts';
import { jobsBySource } from '../logic/order-jobs.ts';
import { jobAddress } from '../logic/place.ts';
import { CheckList } from '../parts/check-list.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { useWords } from '../words/use-words.ts';

/** The sources of the jobs, and whether the way to each works. */
export function SourcesPage() {
  const { words } = useWords();
  const list = useAnswer<JobList>('/jobs');
  const sources = useMemo(() => jobsBySource(list.data?.jobs ?? []), [list.data]);
  return (
    <>
      <h1>{words.sources}</h1>
      <p class="hint">{words.sourcesPage.hint}</p>
      <Trouble error={list.error} retry={list.reload} />
      {!list.data && !list.error && <p>{words.loading}</p>}
      {list.data && sources.length === 0 && <p>{words.sourcesPage.none}</p>}
      {sources.map(({ source, jobs }) => (
        <section key={source} class="card" aria-labelledby={`source-${source}`}>
          <h2 id={`source-${source}`}>{source}</h2>
          <p class="hint">
            {words.sourcesPage.usedBy}:{' '}
            {jobs.map(({ name }, index) => (
              <span key={name}>
                {index > 0 && ', '}
                <a href={jobAddress(name)}>{name}</a>
              </span>
            ))}
          </p>
          {jobs[0] && <CheckList job={jobs[0].name} label={words.sourcesPage.via(jobs[0].name)} />}
        </section>
      ))}
    </>
  );
}
