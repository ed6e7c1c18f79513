import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { ask, whenSignedOut } from './calls/ask.ts';
import { type Session, signIn } from './calls/session.ts';
import { type Place, placeOf } from './logic/place.ts';
import { JobPage } from './pages/job-page.tsx';
import { JobsPage } from './pages/jobs-page.tsx';
import { RunPage } from './pages/run-page.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { SourcesPage } from './pages/sources-page.tsx';
import { Header } from './parts/header.tsx';
import { SetUpPage } from './set-up/set-up-page.tsx';
import { chooseLanguage, formatTag, isLanguage, type Language, wordsOf } from './words/choose-language.ts';
import { createFormats } from './words/formats.ts';
import { type Spoken, SpokenContext, useWords } from './words/use-words.ts';

const LANGUAGE = 'ferry-language';

/** The console: language, session, and the page that the address names. */
export function App() {
  const [session, setSession] = useState<Session>();
  const spoken = useSpoken(session?.language);
  // Before the address is read as that of a page.
  const [token] = useState(takeToken);
  const look = useCallback(async (sent?: string) => setSession(await enter(sent)), []);
  useEffect(() => {
    whenSignedOut(() => setSession((before) => before && { ...before, signedIn: false }));
    void look(token);
    const again = () => {
      const sent = takeToken();
      if (sent !== undefined) void look(sent);
    };
    window.addEventListener('hashchange', again);
    return () => window.removeEventListener('hashchange', again);
  }, [look, token]);
  // After that: its listener then sees the address without the token.
  const place = usePlace();
  useEffect(() => {
    document.documentElement.lang = spoken.language;
    document.title = session ? `Ferry · ${session.subject}` : 'Ferry';
  }, [spoken.language, session]);

  const signOut = async () => {
    await ask('session', { method: 'DELETE' }).catch(() => {});
    await look();
  };
  return (
    <SpokenContext.Provider value={spoken}>
      <button type="button" class="skip" onClick={toContent}>
        {spoken.words.skip}
      </button>
      <Header place={place} subject={session?.subject} onSignOut={session?.signedIn ? signOut : undefined} />
      <main id="content" tabIndex={-1}>
        {session === undefined ? (
          <p>{spoken.words.loading}</p>
        ) : session.signedIn ? (
          <Page place={place} />
        ) : (
          <SignIn needsToken={session.needsToken === true} onEntered={() => look()} />
        )}
      </main>
    </SpokenContext.Provider>
  );
}

/** No link: the part of the address behind the `#` names the page. */
const toContent = () => document.getElementById('content')?.focus();

/**
 * What opens the console, behind the `#` of the address. It is taken out of there, so that it is not seen or copied with
 * the address; the browser's list of visited addresses has it.
 */
function takeToken(): string | undefined {
  const [, token] = /^#token=([\w-]+)$/.exec(location.hash) ?? [];
  if (token !== undefined) history.replaceState(null, '', location.pathname);
  return token;
}

async function enter(token?: string): Promise<Session> {
  if (token !== undefined) await signIn(token).catch(() => {});
  const session = await ask<Session>('session').catch(() => ({ signedIn: false, subject: '' }));
  if (session.signedIn || ('needsToken' in session && session.needsToken)) return session;
  // Where no token is needed, the page signs in on its own.
  return await signIn().catch(() => session);
}

function Page({ place }: { place: Place }) {
  const { words } = useWords();
  switch (place.page) {
    case 'jobs':
      return <JobsPage />;
    case 'job':
      return <JobPage key={place.job} job={place.job} />;
    case 'run':
      return <RunPage key={place.run} run={place.run} />;
    case 'sources':
      return <SourcesPage />;
    case 'set-up':
      return <SetUpPage />;
    case 'nowhere':
      return <h1>{words.nowhere}</h1>;
  }
}

function usePlace(): Place {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => {
      setHash(location.hash);
      window.scrollTo(0, 0);
      // Who reads with the ears hears the new page from its beginning.
      document.getElementById('content')?.focus({ preventScroll: true });
    };
    window.addEventListener('hashchange', follow);
    return () => window.removeEventListener('hashchange', follow);
  }, []);
  return useMemo(() => placeOf(hash), [hash]);
}

/** @param configured that of the configuration, which counts more than what the browser asks for */
function useSpoken(configured: Language | undefined): Spoken {
  const [chosen, setChosen] = useState<Language | undefined>(() => {
    const kept = localStorage.getItem(LANGUAGE);
    return isLanguage(kept) ? kept : undefined;
  });
  const language = chosen ?? configured ?? chooseLanguage(navigator.languages);
  return useMemo(
    () => ({
      language,
      words: wordsOf(language),
      formats: createFormats(formatTag(language, navigator.languages)),
      choose: (next) => {
        localStorage.setItem(LANGUAGE, next);
        setChosen(next);
      },
    }),
    [language],
  );
}
