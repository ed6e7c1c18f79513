import { useState } from 'preact/hooks';
import { AskError } from '../calls/ask.ts';
import { signIn } from '../calls/session.ts';
import { useWords } from '../words/use-words.ts';

/** For a browser that the process does not know, or no longer. */
export function SignIn({ needsToken, onEntered }: { needsToken: boolean; onEntered: () => Promise<void> }) {
  const { words } = useWords();
  const [error, setError] = useState<string>();
  // The console of this machine is opened by its address; behind ferry serve, people have a token.
  const byAddress = needsToken && location.pathname === '/';

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const token = new FormData(event.currentTarget as HTMLFormElement).get('token');
    try {
      await signIn(typeof token === 'string' ? token : undefined);
      await onEntered();
    } catch (failed) {
      const isRefused = failed instanceof AskError && failed.status === 401;
      setError(isRefused ? words.signIn.wrong : words.notAnswered);
    }
  };
  return (
    <section class="narrow">
      <h1>{words.signIn.title}</h1>
      {byAddress ? (
        <p>{words.signIn.byAddress}</p>
      ) : (
        <form onSubmit={submit}>
          <p>{needsToken ? words.signIn.byToken : words.signIn.open}</p>
          {needsToken && (
            <label>
              {words.signIn.token}
              <input name="token" type="password" autocomplete="current-password" required />
            </label>
          )}
          <button type="submit">{needsToken ? words.signIn.submit : words.signIn.again}</button>
          <p role="alert" class="error">
            {error}
          </p>
        </form>
      )}
    </section>
  );
}
