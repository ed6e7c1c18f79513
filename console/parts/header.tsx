import type { Place } from '../logic/place.ts';
import { type Language, languages } from '../words/choose-language.ts';
import { useWords } from '../words/use-words.ts';

/** The name of what is shown, the ways to the pages, and the language. */
export function Header(props: {
  place: Place;
  subject: string | undefined;
  onSignOut: (() => void) | undefined;
}) {
  const { place, subject, onSignOut } = props;
  const { words, language, choose } = useWords();
  const current = (pages: readonly Place['page'][]) => (pages.includes(place.page) ? 'page' : undefined);
  return (
    <header class="top">
      <p class="brand">
        <strong>Ferry</strong> <span>{subject}</span>
      </p>
      <nav aria-label={words.pages}>
        <a href="#/" aria-current={current(['jobs', 'job', 'run'])}>
          {words.jobs}
        </a>
        <a href="#/sources" aria-current={current(['sources'])}>
          {words.sources}
        </a>
        <a href="#/set-up" aria-current={current(['set-up'])}>
          {words.setUp.nav}
        </a>
      </nav>
      <div class="tools">
        {(Object.keys(languages) as Language[]).map((one) => (
          <button
            key={one}
            type="button"
            class="plain"
            lang={one}
            aria-pressed={one === language}
            onClick={() => choose(one)}
          >
            {languages[one].language}
          </button>
        ))}
        {onSignOut && (
          <button type="button" class="plain" onClick={onSignOut}>
            {words.signOut}
          </button>
        )}
      </div>
    </header>
  );
}
