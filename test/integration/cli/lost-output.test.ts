import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FERRY_PROGRAM } from '../../support/cli/ferry-program.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry output ü '));
  await writeFile(
    join(folder, 'ferry.yaml'),
    `version: 1
sources: { erp: { type: postgres, host: 127.0.0.1, port: 1, auth: { type: password, secret: erp } } }
polyteia: { default: { token: t, baseUrl: "http://127.0.0.1:1" } }
syncs: { orders: { source: erp, query: SELECT 1 AS a, dataset: ds_a } }
`,
  );
  await writeFile(join(folder, 'secrets.json'), '{"erp":{"username":"a","password":"b"},"t":"pak_x"}');
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a shell line, in which $FERRY is the command. */
function shell(line: string): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  const child = spawn('sh', ['-c', line], {
    cwd: folder,
    env: { PATH: process.env.PATH, NODE: process.execPath, FERRY: FERRY_PROGRAM },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr })));
}

describe.skipIf(process.platform !== 'linux')('a run whose output goes nowhere ends as it would', () => {
  const run = '"$NODE" "$FERRY" run orders --secrets secrets.json';
  it.each([
    ['no room for what it says meanwhile', `${run} 2>/dev/full`, 1],
    ['no room for a log', `${run} --log-level debug 2>/dev/full`, 1],
    ['a closed stderr', `${run} 2>&-`, 1],
    ['a closed stdout', `${run} >&-`, 1],
    ['a reader that is gone', `{ ${run}; echo $? >&2; } | true; exit 1`, 1],
    ['no room for the list that was asked for', '"$NODE" "$FERRY" runs >/dev/full', 1],
    ['a list that nobody reads to its end', '"$NODE" "$FERRY" runs | head -1', 0],
  ])('%s', async (_what, line, code) => {
    const { exitCode, stderr } = await shell(line);
    expect(exitCode).toBe(code);
    expect(stderr).not.toMatch(/^\s+at |Error: (ENOSPC|EPIPE)|node:/m);
    if (line.includes('>/dev/full') && !line.includes('2>'))
      expect(stderr).toContain('Not all of the output could be written (ENOSPC).');
  });
});
