import { type Document, isAlias, isMap, isScalar, type LineCounter, type Pair, visit } from 'yaml';
import { isPlain, type Plain } from '../mistake.ts';

/** The groups whose entries people write by the hundred. */
const GROUPS = ['sources', 'syncs', 'extractions'] as const;

/** Entries of a file, with their lines (from 1), the last one excluded. */
interface Entry {
  group: string;
  name: string;
  from: number;
  to: number;
}

/**
 * Cuts files: what is wrong with one entry of a large file shows in a small one, too, and that is checked in no time.
 *
 * @returns the text with the entries of these paths, the first of which is in question, and with what they need;
 *   undefined for what cannot be cut
 */
export function createCutter(
  text: string,
  { document, lineCounter }: { document: Document; lineCounter: LineCounter },
): (kept: readonly (readonly string[])[]) => string | undefined {
  const lines = text.split('\n');
  const entries = hasAliases(document) ? [] : entriesOf(document, lineCounter, lines.length + 1);
  const raw: unknown = entries.length === 0 ? undefined : document.toJS();
  return (kept) => {
    // What is wrong elsewhere may show only in some of the entries, such as in those that have a default.
    if (!isPlain(raw) || !entries.some(({ group }) => group === kept[0]?.[0])) return undefined;
    const isKept = keeper(raw, kept);
    const left = entries.filter((entry) => !isKept(entry));
    if (left.length === 0) return undefined;
    const out = new Set(
      left.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, at) => from + at)),
    );
    return lines.filter((_, index) => !out.has(index + 1)).join('\n');
  };
}

/** An alias may lead to any other entry. */
function hasAliases(document: Document): boolean {
  let found = false;
  visit(document, {
    Node(_key, node) {
      if (!isAlias(node) && node.anchor === undefined) return undefined;
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

const nameOf = ({ key }: Pair) => (isScalar(key) ? String(key.value) : '');

/** @param end the line after the last one */
function entriesOf(document: Document, lineCounter: LineCounter, end: number): Entry[] {
  const root = document.contents;
  if (!isMap(root) || root.flow) return [];
  const lineOf = ({ key }: Pair) =>
    isScalar(key) && key.range ? lineCounter.linePos(key.range[0]).line : undefined;
  return root.items.flatMap((pair, index) => {
    const group = nameOf(pair);
    if (!(GROUPS as readonly string[]).includes(group) || !isMap(pair.value) || pair.value.flow) return [];
    const below = root.items[index + 1];
    const after = below === undefined ? end : lineOf(below);
    const starts = pair.value.items.map((one) => ({ name: nameOf(one), line: lineOf(one) }));
    const found = starts.map(({ name, line: from = 0 }, position) => {
      const next = starts[position + 1];
      return { group, name, from, to: (next === undefined ? after : next.line) ?? 0 };
    });
    // Each entry has lines of its own.
    return found.every(({ from, to }) => from > (lineOf(pair) ?? 0) && to > from) ? found : [];
  });
}

/** Which entries stay: those that are asked for, what they name, and one of each group, which would be empty. */
function keeper(raw: Plain, kept: readonly (readonly string[])[]): (entry: Entry) => boolean {
  const wanted = new Set(kept.map(([group, name]) => JSON.stringify([group, name])));
  const sources = isPlain(raw.sources) ? raw.sources : {};
  const firsts = new Set(
    GROUPS.flatMap((group) => {
      const [first] = Object.keys(isPlain(raw[group]) ? raw[group] : {});
      const has = kept.some((one) => one[0] === group);
      return first === undefined || has ? [] : [JSON.stringify([group, first])];
    }),
  );
  const jobs = kept.filter(([group]) => group !== 'sources');
  const named = jobs.map(([group = '', name = '']) => {
    const of = raw[group];
    const job = isPlain(of) ? of[name] : undefined;
    return isPlain(job) && typeof job.source === 'string' && Object.hasOwn(sources, job.source)
      ? job.source
      : undefined;
  });
  // A name that no source has is compared with all of them, and so are patterns.
  const areAllSources = named.includes(undefined);
  return ({ group, name }) => {
    const key = JSON.stringify([group, name]);
    if (wanted.has(key) || firsts.has(key)) return true;
    return group === 'sources' && (areAllSources || named.includes(name));
  };
}
