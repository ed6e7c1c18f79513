import { english, type Words } from './english.ts';
import { german } from './german.ts';

export const languages = { en: english, de: german } as const;
export type Language = keyof typeof languages;

export const wordsOf = (language: Language): Words => languages[language];
export const isLanguage = (text: string | null): text is Language =>
  text !== null && Object.hasOwn(languages, text);

/** The first of the wanted languages that there is; English if there is none. */
export function chooseLanguage(wanted: readonly string[]): Language {
  const known = wanted.map((tag) => tag.toLowerCase().split('-')[0] ?? '').find((tag) => isLanguage(tag));
  return known === undefined ? 'en' : (known as Language);
}

/** The tag by which numbers and dates are written: the person's own English, if it is one. */
export function formatTag(language: Language, wanted: readonly string[]): string {
  const own = wanted.find((tag) => tag.toLowerCase().split('-')[0] === language);
  return own ?? { en: 'en-GB', de: 'de-DE' }[language];
}
