import {
  type Document,
  isPair,
  isScalar,
  type LineCounter,
  type Pair,
  Scalar,
  visit,
  type YAMLMap,
} from 'yaml';
import { columnTypeFor } from './column-types.ts';
import { isPlain, type Mistake, type Plain } from './mistake.ts';
import { findQueryMistake, withPlainCharacters } from './query-mistakes.ts';
import { isSecretPath, shownName } from './showable.ts';
import { looksLikeSql, readSql, type SqlKind } from './sql-text.ts';
import { quoted } from './yaml/yaml-lines.ts';

/** What a file does not say in its values, but in how they are written. */
export interface WrittenFile {
  document: Document;
  lineCounter: LineCounter;
  text: string;
  raw: Plain;
}

/** What YAML reads differently from what a person sees, and what it leaves out of a query without a word. */
export function findDocumentMistakes(file: WrittenFile): { mistakes: Mistake[]; warnings: string[] } {
  const mistakes: Mistake[] = [];
  const warnings: string[] = [];
  visit(file.document, {
    Map(_key, map, ancestors) {
      const at = ancestors.filter(isPair).map((pair) => nameOf(pair));
      if (map.flow) mistakes.push(...flowMistakes(file, map, at));
    },
    Pair(_key, pair, ancestors) {
      const at = [...ancestors.filter(isPair), pair].map((one) => nameOf(one));
      if (!isScalar(pair.value)) return;
      mistakes.push(...thousandsMistakes(pair.value, at), ...variableMistakes(pair.value, at));
      if (at[0] !== 'syncs' || at.length !== 3 || !/^(query|duckdbQuery)$/.test(at[2] ?? '')) return;
      const found = queryMistakes(file, pair.value, at);
      mistakes.push(...found.mistakes);
      warnings.push(...found.warnings);
    },
  });
  return { mistakes, warnings };
}

const nameOf = (pair: Pair) => (isScalar(pair.key) ? String(pair.key.value) : '');
const rangeOf = (node: unknown): [number, number] =>
  (isScalar(node) && node.range ? [node.range[0], node.range[1]] : [0, 0]) as [number, number];

/** A line of the file with a part of it replaced; undefined if the part has several lines. */
function replacedLine(
  { text, lineCounter }: WrittenFile,
  [start, end]: [number, number],
  right: string,
): { line: number; text: string } | undefined {
  if (text.slice(start, end).includes('\n')) return undefined;
  const { line, col } = lineCounter.linePos(start);
  const from = start - col + 1;
  const stop = text.indexOf('\n', start);
  const to = stop < 0 ? text.length : stop;
  return { line, text: (text.slice(from, start) + right + text.slice(end, to)).replace(/\r$/, '') };
}

/** A field within { } that is only a name. */
function isNameOnly({ text }: WrittenFile, pair: Pair): boolean {
  const isEmpty =
    pair.value === null || (isScalar(pair.value) && pair.value.value === null && !pair.value.source);
  const [, end] = rangeOf(pair.key);
  return (
    isEmpty && isScalar(pair.key) && pair.key.type === 'PLAIN' && !text.slice(end).trimStart().startsWith(':')
  );
}

// Texts in which commas are usual.
const TEXTS = /^(query|duckdbQuery|sql|cron|columns|email|name)$/;

function flowMistakes(file: WrittenFile, map: YAMLMap, at: string[]): Mistake[] {
  const names = map.items.filter((pair) => isNameOnly(file, pair));
  const [first] = names;
  if (first === undefined) return [];
  const { line } = file.lineCounter.linePos(rangeOf(first.key)[0]);
  const glued = names.filter((pair) => /^["']?[\w-]+["']?:\S/.test(nameOf(pair)));
  if (glued.length > 0) {
    const own = fileLine(file, line);
    const right = glued.reduce(
      (text, pair) => text.replace(nameOf(pair), nameOf(pair).replace(':', ': ')),
      own,
    );
    const message =
      'a space is missing after a colon within { }: without it, the name and the value are one word';
    return [{ at, line, message, lines: [[right]] }];
  }
  const before = map.items[map.items.indexOf(first) - 1];
  const field = before === undefined ? undefined : nameOf(before);
  if (before === undefined || field === undefined || !isScalar(before.value)) {
    if (map.items.length > names.length) return [];
    return [textInBraces(file, map, at)];
  }
  const shown = shownName(field, at);
  const told = shown === undefined || isSecretPath([...at, field]) ? '' : ` of "${shown}"`;
  const message = `a comma ends a text without quotes within { }, and begins another field: put the text${told} in quotes`;
  const claims = names.map((pair) => [...at, nameOf(pair)]);
  const rest = map.items.slice(map.items.indexOf(first));
  const next = rest.findIndex((pair) => !names.includes(pair));
  const last = rest.at(next < 0 ? -1 : next - 1);
  const range: [number, number] = [rangeOf(before.value)[0], rangeOf(last?.key)[1]];
  const isText = TEXTS.test(field) || TEXTS.test(at.at(-1) ?? '');
  const text = file.text.slice(...range);
  const texts = isText ? [text, columnTypeFor(text) ?? text] : [];
  const lines = texts
    .flatMap((one) => replacedLine(file, range, quoted(one))?.text ?? [])
    .map((one) => [one]);
  return [{ at: [...at, field], line, message, claims, ...(lines.length > 0 ? { lines } : {}) }];
}

/** `{SELECT id FROM orders}`: a text within { } is a group with a field of that name. */
function textInBraces(file: WrittenFile, map: YAMLMap, at: string[]): Mistake {
  const message = 'is a group of fields because of { }: write the text without them, in quotes';
  const { range } = map;
  if (!range || isSecretPath(at)) return { at, message };
  const right = replacedLine(
    file,
    [range[0], range[1]],
    quoted(file.text.slice(range[0] + 1, range[1] - 1).trim()),
  );
  return { at, message, ...(right ? { line: right.line, lines: [[right.text]] } : {}) };
}

const fileLine = ({ text }: WrittenFile, line: number) => text.split(/\r?\n/)[line - 1] ?? '';

/** `1.000`, which is 1 to YAML. */
function thousandsMistakes({ value, source }: Scalar, at: string[]): Mistake[] {
  if (typeof value !== 'number' || !/^\d{1,3}(\.\d{3})+$/.test(source ?? '') || !Number.isInteger(value))
    return [];
  const message = `${source} is the number ${value} in YAML: write numbers without marks between thousands`;
  return [{ at, message, write: `${at.at(-1)}: ${source?.replaceAll('.', '')}` }];
}

/** A variable, as other programs replace them. */
function variableMistakes({ value }: Scalar, at: string[]): Mistake[] {
  const field = at.at(-1) ?? '';
  if (typeof value !== 'string' || /query$|^(host|cron|include|exclude|tempTableRegex)$/i.test(field))
    return [];
  if (!/\$\{\w+\}|^\$[A-Z_][A-Z0-9_]*$|^%\w+%$/.test(value)) return [];
  const rest = isSecretPath(at) ? 'the name of the secret' : 'the value itself';
  return [{ at, message: `Ferry replaces no variables in ferry.yaml: write ${rest}` }];
}

function kindOf({ raw }: WrittenFile, at: string[]): SqlKind {
  if (at[2] === 'duckdbQuery') return 'duckdb';
  const sync = isPlain(raw.syncs) ? raw.syncs[at[1] ?? ''] : undefined;
  const source = isPlain(sync) && isPlain(raw.sources) ? raw.sources[String(sync.source)] : undefined;
  const product = isPlain(source) && isPlain(source.odbc) ? source.odbc.product : undefined;
  return isPlain(source) && (source.type === 'mysql' || product === 'mariadb') ? 'mysql' : 'postgres';
}

function queryMistakes(
  file: WrittenFile,
  node: Scalar,
  at: string[],
): { mistakes: Mistake[]; warnings: string[] } {
  const query = typeof node.value === 'string' ? node.value : '';
  const kind = kindOf(file, at);
  const found = [cutAway(file, node, at, kind), foldedAway(file, node, at, kind)].filter(
    (one) => one !== undefined,
  );
  const mistakes = found.filter((one) => typeof one !== 'string');
  const warnings = found.filter((one) => typeof one === 'string');
  if (mistakes.length > 0) return { mistakes, warnings };
  const wrong = findQueryMistake(query, kind);
  if (wrong === undefined) return { mistakes, warnings };
  const { message, queries } = wrong;
  const field = at.at(-1);
  if (queries)
    return { mistakes: [{ at, message, write: queries.map((one) => `${field}: ${one}`) }], warnings };
  return { mistakes: [{ at, message, ...plainLine(file, node) }], warnings };
}

/** The first line of a query with characters that are replaced by plain ones. */
function plainLine(file: WrittenFile, node: Scalar): Pick<Mistake, 'line' | 'lines'> {
  const [start, end] = rangeOf(node);
  const { line } = file.lineCounter.linePos(start);
  const rows = file.text.slice(start, end).trimEnd().split('\n');
  for (const [index] of rows.entries()) {
    const own = fileLine(file, line + index);
    const right = withPlainCharacters(own);
    if (right !== own) return { line: line + index, lines: [[right]] };
  }
  return {};
}

/** A query without quotes ends at ` #`: YAML takes the rest of the line for a comment. */
function cutAway(file: WrittenFile, node: Scalar, at: string[], kind: SqlKind): Mistake | string | undefined {
  if (node.type !== Scalar.PLAIN || typeof node.value !== 'string') return undefined;
  const [start, end] = rangeOf(node);
  const [, comment] = /^([ \t]+#[^\n]*)/.exec(file.text.slice(end)) ?? [];
  if (comment === undefined) return undefined;
  const { open } = readSql(node.value, kind);
  const lost = comment.trim().slice(1);
  const message =
    'what stands behind # is a comment of YAML, and not part of the query: write the query in quotes or below |, or the comment in a line of its own';
  const { line } = file.lineCounter.linePos(end);
  if (open === undefined && !looksLikeSql(lost)) return `line ${line}, ${at.join('.')}: ${message}.`;
  const whole: [number, number] = [start, end + comment.trimEnd().length];
  const right = open === undefined ? undefined : replacedLine(file, whole, quoted(file.text.slice(...whole)));
  return { at, line, message, ...(right ? { lines: [[right.text]] } : {}) };
}

/** Where YAML makes one line of several, a comment that ended with its line takes the rest of the query with it. */
function foldedAway(
  file: WrittenFile,
  node: Scalar,
  at: string[],
  kind: SqlKind,
): Mistake | string | undefined {
  if (node.type === Scalar.BLOCK_LITERAL || typeof node.value !== 'string') return undefined;
  const [start, end] = rangeOf(node);
  const plain = (text: string) => text.replace(/["'\\]/g, '').trim();
  const rows = file.text.slice(start, end).split('\n').map(plain);
  const { comments } = readSql(node.value, kind);
  const { line } = file.lineCounter.linePos(start);
  for (const { text } of comments) {
    if (rows.some((row) => row.includes(plain(text)))) continue;
    const mark = text.startsWith('#') ? '#' : '--';
    const index = rows.findIndex(
      (row) => row.includes(mark) && plain(text).startsWith(row.slice(row.indexOf(mark))),
    );
    const message = `YAML makes one line of this query, so everything behind ${mark} is a comment: write a query of several lines below ${at.at(-1)}: |`;
    if (node.type !== Scalar.BLOCK_FOLDED) return { at, line: line + Math.max(0, index), message };
    return { at, line, message, lines: [[fileLine(file, line).replace(/>([+-]?)/, '|$1')]] };
  }
  const [only] = comments;
  if (
    only !== undefined &&
    comments.length === 1 &&
    !node.value.trimEnd().includes('\n') &&
    looksLikeSql(only.text.replace(/^(--|#)/, ''))
  )
    return `line ${line}, ${at.join('.')}: what stands behind ${only.text.startsWith('#') ? '#' : '--'} is a comment, and not part of the query.`;
  return undefined;
}
