import { type Document, isMap, isScalar, type LineCounter } from 'yaml';

/** Line (from 1) of the deepest node of `path` that the document has. */
export function lineOf(
  document: Document,
  lines: LineCounter,
  path: readonly PropertyKey[],
): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const pair =
      isMap(parent) &&
      parent.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    const range = pair && isScalar(pair.key) ? pair.key.range : undefined;
    if (range) return lines.linePos(range[0]).line;
  }
  return undefined;
}
