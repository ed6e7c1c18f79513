import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../cli/program/program.ts';
import { createTestCliContext } from '../../support/cli/cli-context.ts';
import { shellBlocksOf } from '../../support/cli/shell-blocks.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const pages = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/{*,de/*}.md', { cwd: root })].sort();
const read = (page: string) => readFileSync(`${root}${page}`, 'utf8');

/** Pages whose blocks of commands a test runs in their order, and that test. */
const RUN_BY: Readonly<Record<string, string>> = {
  'docs/deploy.md': 'test/e2e/long/deploy-guide.long.test.ts',
  'docs/api.md': 'test/e2e/long/deploy-guide.long.test.ts',
  'docs/local.md': 'test/e2e/long/local-guide.long.test.ts',
  'docs/own-cdk-app.md': 'test/e2e/long/own-cdk-app.long.test.ts',
  'docs/iam.md': 'test/integration/credentials/iam-guide.test.ts',
};

interface Called {
  page: string;
  line: number;
  command: string;
}

/** Every call of ferry in a block of a page, whatever else is in its line. */
function callsIn(page: string): Called[] {
  const calls: Called[] = [];
  let inBlock = false;
  let pending = '';
  for (const [index, text] of read(page).split('\n').entries()) {
    if (text.startsWith('```')) {
      inBlock = !inBlock;
      pending = '';
      continue;
    }
    if (!inBlock) continue;
    const line = `${pending}${text}`;
    pending = line.endsWith('\\') ? `${line.slice(0, -1)} ` : '';
    if (pending !== '') continue;
    const found =
      /(?:^[\s$+-]*|&& |; )(?:npm run -s ferry --|ferry)((?: (?:[^\s'"|>#&;]+|"[^"]*"|'[^']*'))+)/.exec(line);
    // Output of a command, such as `ferry succeeded`, begins with no command of ferry.
    if (found?.[1] !== undefined) calls.push({ page, line: index + 1, command: found[1].trim() });
  }
  return calls;
}

const wordsOf = (command: string) =>
  [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');

describe('every call of ferry in the documentation', () => {
  const calls = pages.flatMap(callsIn);

  it('is found', () => {
    expect(calls.length).toBeGreaterThan(25);
  });

  it.each(calls)('$page, line $line: ferry $command', async ({ command }) => {
    const program = await createProgram(createTestCliContext('/nowhere'));
    let called = '';
    for (const each of program.commands) {
      each.action(() => {
        called = each.name();
      });
    }
    const words = wordsOf(command.replace(/(?<= )(<[^>]+>|…)/g, 'x'));
    await program.parseAsync(words, { from: 'user' }).catch((error: { exitCode?: number }) => {
      if (error.exitCode === 0) called = 'help';
      else throw error;
    });
    expect(called).not.toBe('');
  });
});

describe('every block of commands', () => {
  it.each(pages)('%s: is run by a test, or says why not', (page) => {
    if (RUN_BY[page] !== undefined) {
      expect(readFileSync(`${root}${RUN_BY[page]}`, 'utf8')).toContain(page.replace('docs/', ''));
      return;
    }
    const silent = shellBlocksOf(read(page)).filter(({ notRun }) => notRun === undefined);
    // A call of ferry alone is checked above.
    const others = silent.filter(({ code }) =>
      code
        .replaceAll(/\\\n/g, ' ')
        .split('\n')
        .some((line) => !/^\s*($|#|npm run -s ferry -- |ferry )/.test(line)),
    );
    expect(others.map(({ heading, title }) => `${heading}: ${title}`)).toEqual([]);
  });
});
