import { isMap, isScalar, type Pair, parseDocument } from 'yaml';

/** What a person does who follows a problem of `ferry validate`: pastes the lines where it says. */
export interface Told {
  line?: number;
  lastLine?: number;
  path: string[];
  message: string;
  /** The lines behind `write:`. */
  write?: string[];
}

/** Reads a problem as it is printed, without the two spaces in front. */
export function readProblem(says: string): Told {
  const [head = '', ...rest] = says.split('\n');
  const [, line, lastLine, path, whole] =
    /^(?:lines? (\d+)(?:–(\d+))?(?:, ([^:]+))?|([^:]+)): /.exec(head) ?? [];
  const [first, ...others] = rest;
  return {
    ...(line === undefined ? {} : { line: Number(line) }),
    ...(lastLine === undefined ? {} : { lastLine: Number(lastLine) }),
    path: (path ?? whole ?? '')
      .replace(/\\u[0-9a-f]{4}/g, (one) => JSON.parse(`"${one}"`))
      .split('.')
      .filter(Boolean),
    message: head,
    ...(first === undefined
      ? {}
      : { write: [first.replace(/^ {2}write: /, ''), ...others.map((text) => text.slice(9))] }),
  };
}

const nameOf = (pair: Pair) => (isScalar(pair.key) ? String(pair.key.value) : '');

/** The file with the lines pasted. */
export function pasteLine(text: string, told: Told): string {
  const { line, lastLine = line, path, write = [], message } = told;
  // `query: |` is a line whose text stays where it is.
  const isLine = path.length === 0 || /[|>]-?$/.test(write.join('\n'));
  if (line !== undefined && lastLine !== undefined && (isLine || lastLine > line)) {
    const rows = text.split('\n');
    const [indent = ''] = /^[ ]*/.exec(rows[line - 1] ?? '') ?? [];
    const [, told] = /(?:spaces, here|plain spaces, here) (\d+)/.exec(message) ?? [];
    const front = told === undefined ? indent : ' '.repeat(Number(told));
    rows.splice(line - 1, lastLine - line + 1, ...write.map((one) => front + one));
    return rows.join('\n');
  }
  const [, first = ''] = /^["']?([^:"']+)["']?:/.exec(write[0] ?? '') ?? [];
  const named = path.lastIndexOf(first);
  return pasteField(text, { path: named >= 0 ? path.slice(0, named + 1) : path, write });
}

function pasteField(text: string, { path, write }: { path: string[]; write: string[] }): string {
  const document = parseDocument(text, { logLevel: 'error', stringKeys: true });
  const map = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(map)) throw new Error(`Nothing is at ${path.join('.')}.`);
  const pair = map.items.find((one) => nameOf(one) === path.at(-1));
  const [from = 0, to = 0] = map.range ?? [];
  if (pair === undefined) {
    if (map.flow) return `${text.slice(0, to - 1).trimEnd()}, ${write.join(', ')} ${text.slice(to - 1)}`;
    return splice(text, from, from, write, '\n');
  }
  const start = isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
  const keyEnd = isScalar(pair.key) ? (pair.key.range?.[1] ?? 0) : 0;
  if (/^[^\s:]+:$/.test(write.join('\n')))
    return text.slice(0, start) + write[0]?.slice(0, -1) + text.slice(keyEnd);
  const value = pair.value as { range?: [number, number, number] } | null;
  const whole = text.slice(start, Math.max(keyEnd + 1, value?.range?.[1] ?? 0)).trimEnd();
  if (map.flow) return text.slice(0, start) + write.join(', ') + text.slice(start + whole.length);
  return splice(text, start, start + whole.length, write, '');
}

function splice(text: string, start: number, end: number, write: readonly string[], after: string): string {
  const column = start - (text.lastIndexOf('\n', start - 1) + 1);
  return (
    text.slice(0, start) +
    write.join(`\n${' '.repeat(column)}`) +
    (after && `${after}${' '.repeat(column)}`) +
    text.slice(end)
  );
}
