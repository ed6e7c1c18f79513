import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { codeBlocks } from '../support/helm/guide.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');

it('shows the same commands and files in both languages', () => {
  const english = codeBlocks('serve.md');
  expect(english.length).toBeGreaterThan(10);
  expect(codeBlocks('de/serve.md')).toEqual(english);
});

it('has the same rows in the tables of both languages', () => {
  const names = (path: string) =>
    [...read(path).matchAll(/^\| (.*? \| .*?) \|/gm)].map(([, cells]) => cells?.match(/`.*?`/g) ?? []);
  expect(names('docs/de/serve.md')).toEqual(names('docs/serve.md'));
});

it('names variables that Ferry reads, and all of those of ferry serve', () => {
  const code = globSync(['cli/**/*.ts', 'shared/**/*.ts'], { cwd: root }).map(read).join('\n');
  const named = new Set(read('docs/serve.md').match(/\bFERRY_[A-Z0-9_]+/g));
  expect([...named].filter((name) => !code.includes(name))).toEqual([]);
  const settings = read('cli/served/serve-settings.ts').match(/'(FERRY_[A-Z_]+)'/g) ?? [];
  expect(settings.length).toBeGreaterThan(5);
  for (const setting of settings) expect([...named]).toContain(setting.slice(1, -1));
});
