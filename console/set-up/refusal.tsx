import type { AskError } from '../calls/ask.ts';
import { runAddress } from '../logic/place.ts';
import { useWords } from '../words/use-words.ts';

/** The fields of a request are those of the form, in other words. */
const withoutPlace = (message: string) => message.replace(/^(query|body)\.[\w.]+: /, '');

/** Why a request was refused, in the words of the API. */
export function Refusal({ error }: { error: AskError | undefined }) {
  const { words } = useWords();
  return (
    <div role="alert">
      {error && (
        <p class="notice bad">
          {error.status === 0 ? words.notAnswered : <span lang="en">{withoutPlace(error.message)}</span>}{' '}
          {error.runId !== undefined && <a href={runAddress(error.runId)}>{words.job.toRun}</a>}
        </p>
      )}
    </div>
  );
}
