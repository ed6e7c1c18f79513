import { type Document, isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';

const keyOf = (pair: Pair) => (isScalar(pair.key) ? String(pair.key.value) : undefined);

/** A file with the lines that are right in place of a field. */
export interface Applied {
  text: string;
  /** The paths of the fields that the lines have. */
  places: string[][];
}

/**
 * Writes lines into a copy of a file as a person would: in place of the field (or where it is missing), read as what is
 * around them is read.
 *
 * @param options.at the path of the field
 * @param options.lines of YAML; only `name:` gives the field this name
 * @param options.gone other fields that go
 * @returns undefined if the lines cannot be written there
 */
export function applyLines(
  document: Document,
  { at, lines, gone = [] }: { at: readonly string[]; lines: string; gone?: readonly (readonly string[])[] },
): Applied | undefined {
  const copy = document.clone();
  const [, first] = /^["']?([^:"']+)["']?:/.exec(lines) ?? [];
  const [field, parent] = [at.at(-1), at.at(-2)];
  const target = at.length > 1 && first === parent && first !== field ? at.slice(0, -1) : at;
  const around = target.slice(0, -1);
  const map = around.length === 0 ? copy.contents : copy.getIn(around, true);
  if (!isMap(map)) return undefined;
  const index = map.items.findIndex((pair) => keyOf(pair) === target.at(-1));
  if (/^[^\s:]+:$/.test(lines) && index >= 0) return renamed(copy, map, { index, around, name: first ?? '' });
  const items = read(lines, map);
  if (items === undefined || items.length === 0) return undefined;
  const names = items.map(keyOf);
  removeSiblings(map, around, { keep: target.at(-1), gone });
  const own = map.items.findIndex((pair) => keyOf(pair) === target.at(-1));
  const others = map.items.filter((_, position) => position !== own).map(keyOf);
  // It would be there twice.
  if (names.some((name) => name === undefined || others.includes(name))) return undefined;
  map.items.splice(own < 0 ? map.items.length : own, own < 0 ? 0 : 1, ...(items as typeof map.items));
  return {
    text: String(copy.toString({ lineWidth: 0 })),
    places: names.map((name) => [...around, String(name)]),
  };
}

function renamed(
  copy: Document,
  map: YAMLMap,
  { index, around, name }: { index: number; around: readonly string[]; name: string },
): Applied | undefined {
  if (map.items.some((pair) => keyOf(pair) === name)) return undefined;
  const pair = map.items[index];
  if (!pair || !isScalar(pair.key)) return undefined;
  pair.key.value = name;
  delete pair.key.source;
  return { text: copy.toString({ lineWidth: 0 }), places: [[...around, name]] };
}

/** The fields in the lines; undefined for lines that cannot be read. */
function read(lines: string, map: YAMLMap): Pair[] | undefined {
  const isNested = /\n\s/.test(lines);
  const inFlow = map.flow === true && !isNested;
  const text = inFlow ? `{ ${lines.split('\n').join(', ')} }` : lines;
  const { contents, errors } = parseDocument(text, {
    stringKeys: true,
    logLevel: 'error',
    prettyErrors: false,
  });
  return errors.length > 0 || !isMap(contents) ? undefined : contents.items;
}

function removeSiblings(
  map: YAMLMap,
  around: readonly string[],
  { keep, gone }: { keep: string | undefined; gone: readonly (readonly string[])[] },
): void {
  const names = gone
    .filter(
      (path) => path.length === around.length + 1 && around.every((part, index) => part === path[index]),
    )
    .map((path) => path.at(-1))
    .filter((name) => name !== keep);
  map.items = map.items.filter((pair) => !names.includes(keyOf(pair)));
}
