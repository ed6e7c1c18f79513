import { configFieldNames } from './field-names.ts';

/** What messages and suggestions may repeat from a file: never what may be a secret, wherever it stands. */

/** A field whose value, and everything below it, may be a secret. */
const SECRET_FIELD = /^auth$|token|secret|pass|pwd|kennwort|key$|keys?Id$|externalId/i;
/** A connection string, a login or a key, in whatever field it is. */
const SECRET_TEXT = /:\/\/|[^\s"'{[,]@|pak_|\b(pass\w*|pwd|kennwort)\s*[=:\s]/i;
/** Fields that are known to exist below `auth`, so that naming them tells nothing. */
const KNOWN_BELOW = new Set(
  'type secret username user password passwd pwd resourceId region signHost roleArn externalId arn kmsKeyArn name default'.split(
    ' ',
  ),
);
const PLACEHOLDER = '…';

/** Whether a field, or one that it is in, may hold a secret. */
export const isSecretPath = (at: readonly PropertyKey[]): boolean =>
  at.some((part) => SECRET_FIELD.test(String(part)));

/** Whether a text looks like a connection string, a login or a key. */
export const looksSecret = (text: string): boolean => SECRET_TEXT.test(text);

/** Whether a text can only be the name of a secret, such as ferry/erp: words and a slash. */
export const isSecretName = (text: unknown): text is string =>
  typeof text === 'string' &&
  text.length <= 80 &&
  /^[a-z][a-z_.-]*\d{0,4}(\/[a-z][a-z_.-]*\d{0,4})+$/i.test(text) &&
  !looksSecret(text);

/** Whether a text is the ARN of a secret in Secrets Manager, which tells where it is, and nothing of what it holds. */
export const isSecretArn = (text: unknown): text is string =>
  typeof text === 'string' &&
  /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.-]{1,160}$/.test(text);

/** A value that a line can show: neither long, nor with what may be a secret. */
export const isShowable = (value: unknown): value is string | number | boolean =>
  ['number', 'boolean'].includes(typeof value) ||
  (typeof value === 'string' && value.length <= 120 && !looksSecret(value) && !/[\r\n]/.test(value));

/** The name of a field as messages may repeat it; undefined for one that may be, or contain, a secret. */
export function shownName(name: string, parents: readonly PropertyKey[]): string | undefined {
  if (isSecretPath(parents) && !KNOWN_BELOW.has(name)) return undefined;
  return /[:={}]|\/\/.*@|pak_|\bpass\w*\s/i.test(name) ? undefined : name;
}

/** The dotted path of a field, with what may be a secret left out. */
export function shownPath(at: readonly PropertyKey[]): string {
  return at
    .map((part, index) =>
      typeof part === 'number' || /^\d+$/.test(String(part))
        ? String(part)
        : (shownName(String(part), at.slice(0, index)) ?? PLACEHOLDER),
    )
    .join('.');
}

/** Whether a line of a file may be shown as it is. */
export function isShowableLine(line: string): boolean {
  if (line.length > 160) return false;
  const rest = line
    .replace(/\btype:\s*["']?password["']?(?=\s*(,|\}|$))/g, '')
    .replace(/\b(?:secret|token):\s*["']?([\w./-]+)["']?(?=\s*(,|\}|$))/g, (text, name) =>
      isSecretName(name) ? '' : text,
    )
    .replace(/\bsecret:\s*\{\s*arn:\s*"([^"]*)"\s*\}/g, (text, arn) => (isSecretArn(arn) ? '' : text))
    .replace(/\b(baseUrl|proxy):\s*["']?https?:\/\/[\w.:-]+\/?/g, '')
    .replace(/\bemail:\s*\[[\w.+@, -]*\]/g, '')
    .replace(/(^|[\s"'])@\w/g, '');
  return !/\bpass\w*|\bpwd\b|kennwort|\b\w*token\b|\b\w*key\b\s*[:=]|\bsecret\b|:\/\/|@|pak_/i.test(rest);
}

// Words that follow the name of a secret field without being one.
const HARMLESS = new Set([
  ...KNOWN_BELOW,
  ...'auth token secret secrets password passwort iam iam-user iam-role none true false null tls mode host port database sources syncs polyteia extractions'.split(
    ' ',
  ),
]);

const SECRET_LINE = /\b(?:pass\w*|pwd|kennwort|secret|token)\b["']?\s*[:=]?\s*(.+)$/i;

/** Whether a line is neither a field nor an entry of a list, and has a word such as passwords are. */
function isLone(line: string, above: string): boolean {
  const isEntry = /^\s*- /.test(line) && /^\s*- |:\s*$/.test(above);
  if (isEntry || /^\s*(-$|---)|:\s*$/.test(line) || !/^\s*(- )?[^\s#:,[\]{}]+(\s+\S+)?\s*$/.test(line))
    return false;
  return /\d|[A-Z]+[a-z]+[A-Z]|[!$%&?@~^+]/.test(line.replace(/^\s*- /, ''));
}

/** Keys of Polyteia, logins of addresses, and `user:password` as the name of a field. */
function markedParts(line: string): string[] {
  const keys = [...line.matchAll(/pak_[^\s"',:}\]]+/g)].map(([key]) => key);
  const [, login = ''] = /:\/\/([^\s/@]+)@/.exec(line) ?? [];
  const [, pair = ''] = /^\s*[\w.-]+:([^\s:/]+):(?:\s|$)/.exec(line) ?? [];
  return [...keys, login, pair];
}

/** What stands behind the name of a secret field, up to another field. */
function partOfSecret(line: string): string {
  const harmless = line.replace(/type:?\s*["']?password["']?/g, '').replace(/arn:aws\S*/g, '');
  const [, named = ''] = SECRET_LINE.exec(harmless) ?? [];
  const next = [...named.matchAll(/,\s*([\w-]+):\s/g)].find(([, name = '']) => configFieldNames().has(name));
  return named.slice(0, next?.index);
}

/**
 * The words of a file that may be secrets: behind the name of a secret field on whatever line, or on a line of their
 * own that is no field. It may name too many, never too few.
 */
export function secretWords(text: string): Set<string> {
  const words = new Set<string>();
  const add = (part: string) => {
    for (const word of part.split(/[\s,;{}[\]"'=:]+/)) {
      if (
        word.length < 4 ||
        !/[A-Za-z0-9]/.test(word) ||
        HARMLESS.has(word) ||
        isSecretName(word) ||
        /^[#|>&*-]/.test(word)
      )
        continue;
      words.add(word);
    }
  };
  // The query that the lines are part of, by its indentation.
  let query: number | undefined;
  let above = '';
  for (const line of text.split(/\r?\n/)) {
    const indent = /^\s*/.exec(line)?.[0].length ?? 0;
    const [, key] = /^\s*(?:- +)?["']?([\w-]+)["']?\s*:(?:\s|$)/.exec(line) ?? [];
    const isQuery = query !== undefined && indent > query;
    for (const part of markedParts(line)) add(part);
    if (line.trim() === '') continue;
    if (!isQuery) query = /query$/i.test(key ?? '') ? indent : undefined;
    if (query === undefined) add(partOfSecret(line));
    if (!isQuery && key === undefined && isLone(line, above)) add(line);
    above = line;
  }
  return words;
}

/** A text with its secret words replaced. */
export function withoutWords(text: string, words: ReadonlySet<string>): string {
  let shown = text;
  for (const word of words) {
    if (!shown.includes(word)) continue;
    const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    shown = shown.replace(new RegExp(`(?<![\\w/.-])${escaped}(?![\\w/-])`, 'g'), PLACEHOLDER);
  }
  return shown;
}
