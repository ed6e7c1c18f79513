import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../shared/config/load-config.ts';

// CDK loads and checks much; two cores may be busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const run = promisify(execFile);
const APP = fileURLToPath(new URL('../../infra/app.ts', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-app-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the app as `cdk synth` does; the toolkit gives the context in the environment. */
async function synth(
  text: string,
  context: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stderr: string }> {
  const config = join(folder, 'ferry.yaml');
  await writeFile(config, text);
  const env = {
    PATH: process.env.PATH,
    CDK_OUTDIR: join(folder, 'cdk.out'),
    CDK_CONTEXT_JSON: JSON.stringify({ config, ...context }),
  };
  return run(process.execPath, [APP], { env }).then(
    ({ stderr }) => ({ code: 0, stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  );
}

describe('cdk synth', () => {
  it('reports a wrong configuration in the words of ferry validate, and nothing else', async () => {
    const text = await readFile(new URL('../../examples/ferry.yaml', import.meta.url), 'utf8');
    const wrong = text.replace('egress: nat', 'egres: nat').replace('memory: 8192', 'memory: 20000');
    let message = '';
    try {
      parseConfig(wrong, join(folder, 'ferry.yaml'));
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain('sources.archive.network.egres: unknown field "egres"; did you mean "egress"?');
    expect(message).toContain('syncs.customers.dedicated.memory: 20000: expected at most 10240');
    expect(await synth(wrong)).toEqual({ code: 2, stderr: `\nConfigError: ${message}\n` });
  });

  it.each(['Städte', '1st', '', 'town/erp', 'a'.repeat(129)])(
    'refuses the stack name "%s" without a stack trace',
    async (stack) => {
      expect(await synth('version: 1\nsources: {}\n', { stack })).toEqual({
        code: 2,
        stderr: `\nConfigError: -c stack=${stack}: expected a name of letters, digits and -, at most 128, that begins with a letter.\n`,
      });
    },
  );

  it('says that there is nothing to deploy', async () => {
    const { code, stderr } = await synth('version: 1\nsources: {}\n');
    expect(code).toBe(2);
    expect(stderr).toContain(
      'There is nothing to deploy: the configuration has neither syncs nor extractions.',
    );
  });
});
