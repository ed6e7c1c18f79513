import type { Run } from '../calls/types.ts';
import { runAddress } from '../logic/place.ts';
import { durationOf } from '../logic/spark.ts';
import { useWords } from '../words/use-words.ts';
import { StateBadge } from './badge.tsx';
import { Moment } from './moment.tsx';

/** Runs of one job, newest first. */
export function RunTable({ runs }: { runs: readonly Run[] }) {
  const { words, formats } = useWords();
  return (
    <table class="runs">
      <thead>
        <tr>
          <th scope="col">{words.job.when}</th>
          <th scope="col">{words.list.state}</th>
          <th scope="col" class="number">
            {words.job.duration}
          </th>
          <th scope="col" class="number">
            {words.list.rows}
          </th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => {
          const { id, startedAt, requestedAt, state, outcome, error, rows, durationMs } = run;
          const began = startedAt ?? requestedAt ?? '';
          const took = durationMs ?? durationOf({ ...run, startedAt: began });
          return (
            <tr key={id}>
              <th scope="row">
                <a href={runAddress(id)}>
                  <Moment at={began} />
                </a>
              </th>
              <td data-label={words.list.state}>
                <StateBadge state={state} />{' '}
                <span class="hint">{error?.class ?? (outcome && words.outcomes[outcome])}</span>
              </td>
              <td data-label={words.job.duration} class="number">
                {took === undefined ? '–' : formats.duration(took)}
              </td>
              <td data-label={words.list.rows} class="number">
                {rows === undefined ? '–' : formats.count(rows)}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
