import { useState } from 'preact/hooks';
import { AskError, ask, newKey } from '../calls/ask.ts';
import { runAddress } from '../logic/place.ts';
import { useWords } from '../words/use-words.ts';
import { Dialog } from './dialog.tsx';

/** What is about to be done, in words and as a request. */
export interface Deed {
  label: string;
  title: string;
  /** What it will do. */
  does: string;
  path: string;
  /** Whether the record takes a reason. */
  takesReason: boolean;
  /** Whether a run begins, which is then shown. */
  startsRun: boolean;
  tone?: 'bad';
}

/** A button that says what it will do before it does it. */
export function AskFirst({ deed, onDone }: { deed: Deed; onDone?: () => void }) {
  const { words } = useWords();
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<AskError>();
  const [key, setKey] = useState('');

  const begin = () => {
    // One for each time that somebody decides, however often the button is pressed or the answer is lost.
    setKey(newKey());
    setError(undefined);
    setOpen(true);
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const why = String(new FormData(event.currentTarget as HTMLFormElement).get('why') ?? '').trim();
    setBusy(true);
    setError(undefined);
    try {
      const answer = await ask<{ runId: string }>(`api${deed.path}`, {
        method: 'POST',
        ...(deed.startsRun ? { key } : {}),
        ...(why === '' ? {} : { body: { why } }),
      });
      setOpen(false);
      if (deed.startsRun) location.hash = runAddress(answer.runId);
      onDone?.();
    } catch (failed) {
      if (!(failed instanceof AskError)) throw failed;
      setError(failed);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" class={deed.tone} onClick={begin}>
        {deed.label}
      </button>
      {open && (
        // By its key, a button that is pressed before the browser says that the question is closed asks a new one.
        <Dialog key={key} title={deed.title} onClose={() => setOpen(false)}>
          <form onSubmit={submit}>
            <p>{deed.does}</p>
            {deed.takesReason && (
              <label>
                {words.run.reason}
                <textarea name="why" maxLength={500} rows={2} />
              </label>
            )}
            <div role="alert" class="error">
              {error && (error.status === 0 ? words.notAnswered : error.message)}{' '}
              {error?.runId !== undefined && <a href={runAddress(error.runId)}>{words.job.toRun}</a>}
            </div>
            <p class="buttons">
              <button type="submit" class={deed.tone} disabled={busy}>
                {words.run.confirm}
              </button>
              <button type="button" class="plain" onClick={() => setOpen(false)}>
                {words.run.back}
              </button>
            </p>
          </form>
        </Dialog>
      )}
    </>
  );
}
