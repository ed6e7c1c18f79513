import type { AskError } from '../calls/ask.ts';
import { useWords } from '../words/use-words.ts';

/** That an answer did not come, and the way to try again. */
export function Trouble({
  error,
  isOld,
  retry,
}: {
  error: AskError | undefined;
  isOld?: boolean;
  retry: () => void;
}) {
  const { words } = useWords();
  if (!error) return null;
  return (
    <div class="notice bad" role="alert">
      <p>{error.status === 0 ? words.notAnswered : error.message}</p>
      {isOld && <p>{words.olderThanShown}</p>}
      <button type="button" onClick={retry}>
        {words.retry}
      </button>
    </div>
  );
}
