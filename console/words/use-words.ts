import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Language } from './choose-language.ts';
import { english, type Words } from './english.ts';
import { createFormats, type Formats } from './formats.ts';

/** The language of the page, and how it writes. */
export interface Spoken {
  language: Language;
  words: Words;
  formats: Formats;
  choose: (language: Language) => void;
}

export const SpokenContext = createContext<Spoken>({
  language: 'en',
  words: english,
  formats: createFormats('en-GB'),
  choose: () => {},
});

export const useWords = (): Spoken => useContext(SpokenContext);
