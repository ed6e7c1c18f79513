import { useState } from 'preact/hooks';
import { AskError, ask } from '../calls/ask.ts';
import type { JobCheck } from '../calls/types.ts';
import { useAnswer } from '../calls/use-answer.ts';
import { type AskedCheck, followCheck } from '../logic/follow-check.ts';
import { useWords } from '../words/use-words.ts';
import { Moment, useNow } from './moment.tsx';

const LOOK_MS = 700;

/** The hops of a job's check as they are tried, and how the columns would be written. */
export function CheckList({
  job,
  label,
  withColumns,
}: {
  job: string;
  label: string;
  withColumns?: boolean;
}) {
  const { words, formats } = useWords();
  const [asked, setAsked] = useState<AskedCheck>();
  const [isSilent, setSilent] = useState(false);
  const [error, setError] = useState<AskError>();
  const now = useNow(5_000);
  const known = useAnswer<JobCheck>(
    `/jobs/${encodeURIComponent(job)}/check`,
    asked === undefined ? undefined : LOOK_MS,
  );
  const check = known.data;
  const following = asked && followCheck(check, asked, now);
  if (following === 'ended' || following === 'silent') {
    setAsked(undefined);
    setSilent(following === 'silent');
  }
  const isUnderWay = asked !== undefined;
  // What the newest question has not answered yet is about an earlier one.
  const shown = following === 'waiting' ? undefined : check;
  // That there is no check yet is no trouble.
  const trouble = error ?? (known.error?.status === 404 ? undefined : known.error);

  const begin = async () => {
    setError(undefined);
    setSilent(false);
    try {
      const { checkId } = await ask<{ checkId: string }>(`api/jobs/${encodeURIComponent(job)}/check`, {
        method: 'POST',
      });
      setAsked({ id: checkId, at: Date.now() });
    } catch (failed) {
      if (!(failed instanceof AskError)) throw failed;
      setError(failed);
    }
  };
  const failed = shown?.checks.some(({ status }) => status === 'failed');
  return (
    <div class="check">
      <p class="buttons">
        <button type="button" onClick={begin} disabled={isUnderWay}>
          {isUnderWay ? words.job.checking : label}
        </button>
        <span role="status">
          {shown?.endedAt !== undefined && (failed ? words.checks.problems : words.checks.passed)}
        </span>
      </p>
      {trouble && (
        <p role="alert" class="error">
          {trouble.status === 0 ? words.notAnswered : trouble.message}
        </p>
      )}
      {isSilent && <p class="notice bad">{words.job.silent}</p>}
      {shown ? (
        <>
          <ol class="hops">
            {shown.checks.map(({ check: name, status, detail, hint }) => (
              <li key={name} class={status}>
                <strong>{name}</strong> <span class="badge-text">{words.checks[status]}</span>
                {status !== 'skipped' && <span class="hint">{detail}</span>}
                {hint !== undefined && <span class="hint">{hint}</span>}
              </li>
            ))}
          </ol>
          <p class="hint">
            {words.job.checked(formats.moment(shown.startedAt), shown.requestedBy)} (
            <Moment at={shown.startedAt} only="relative" />)
          </p>
          {withColumns && shown.columns && <Columns columns={shown.columns} />}
        </>
      ) : (
        !isUnderWay && <p class="hint">{words.checks.nothing}</p>
      )}
    </div>
  );
}

/** How each column of a result would be written. */
export function Columns({ columns }: { columns: NonNullable<JobCheck['columns']> }) {
  const { words } = useWords();
  return (
    <table class="runs">
      <thead>
        <tr>
          <th scope="col">{words.job.column}</th>
          <th scope="col">{words.job.sourceType}</th>
          <th scope="col">{words.job.fileType}</th>
          <th scope="col">{words.job.why}</th>
        </tr>
      </thead>
      <tbody>
        {columns.map(({ name, sourceType, type, reason, refused }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td data-label={words.job.sourceType}>{sourceType}</td>
            <td data-label={words.job.fileType}>{type}</td>
            <td data-label={words.job.why}>
              {[reason, refused && words.job.refuses(refused)].filter(Boolean).join('; ')}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
