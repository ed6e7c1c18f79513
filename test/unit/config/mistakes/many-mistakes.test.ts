import { expect, it } from 'vitest';
import { type FoundConfig, findProblems } from '../../../../shared/config/find-problems.ts';
import { checkedProblems } from '../../../../shared/config/mistakes/suggestions/check-lines.ts';

const names = Array.from({ length: 400 }, (_, index) => `s${index}`);
const source = (name: string, type: string, end = '\n') =>
  [
    `  ${name}:`,
    `    type: ${type}`,
    `    host: ${name}.example.org`,
    `    database: stadt`,
    `    auth: { type: password, secret: ferry/${name} }${end}`,
  ].join(end);
const sync = (name: string, field: string) =>
  `  ${name}-orders: { source: ${name}, ${field}: SELECT 1, dataset: ds_cv4t2cf0i6q1gflvu4m0 }\n`;
const file = (sources: string, syncs: string, end = '\n') =>
  `version: 1${end}sources:${end}${sources}syncs:\n${syncs}polyteia:\n  default: { token: ferry/polyteia }\n`;

/** What is told of a file, and how much text was checked for that. */
function tell(text: string) {
  let checked = 0;
  const check = (one: string): FoundConfig => {
    checked += one.length;
    return findProblems(one, 'ferry.yaml', 'eventbridge');
  };
  return { problems: checkedProblems(text, check(text), check), checked };
}

it.each([
  ['sources', 'type: postgres', names.map((name) => source(name, 'postgresql')), [sync('s7', 'query')]],
  [
    'sources of Windows',
    'type: postgres',
    names.map((name) => source(name, 'postgresql', '\r\n')),
    [sync('s7', 'query')],
  ],
  [
    'syncs',
    'query: SELECT 1',
    names.map((name) => source(name, 'postgres')),
    names.map((name) => sync(name, 'qurey')),
  ],
])(
  'the same mistake in 400 %s is told with its line, without reading the file again for each',
  (_what, write, sources, syncs) => {
    const text = file(sources.join(''), syncs.join(''));
    const { problems, checked } = tell(text);
    expect(problems).toHaveLength(400);
    expect(problems.slice(0, 60).map((problem) => problem.write)).toEqual(Array(60).fill(write));
    expect(checked).toBeLessThan(3 * text.length);
  },
);

it('a file that cannot be cut, because of its anchors, is read as a whole', () => {
  const [first = '', ...rest] = names.slice(0, 4).map((name) => source(name, 'postgresql'));
  const anchored = first.replace('auth: {', 'auth: &login {');
  const others = rest.map((one) => one.replace(/auth: .*/, 'auth: *login'));
  const { problems } = tell(file([anchored, ...others].join(''), sync('s1', 'query')));
  expect(problems.map(({ write }) => write)).toEqual(Array(4).fill('type: postgres'));
});

it('what is wrong in one entry is judged with the entries that it names', () => {
  const sources = names.map((name) => source(name, 'postgres')).join('');
  const { problems } = tell(file(sources, sync('s40o', 'query') + sync('s7', 'qurey')));
  expect(problems.map(({ write }) => write)).toEqual(['source: s40', 'query: SELECT 1']);
});
