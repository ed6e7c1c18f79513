// Checks a deployed stack on a real account for what no emulator shows: npm run smoke -- --stack NAME [--run JOB]
// [--json] Changes nothing unless --run is given (a check writes one document, jobs/{job}/check.json, into Ferry's own
// bucket).
import { formatTable } from '../cli/output/output.ts';
import { findStack } from '../cli/stack/find-stack.ts';
import { createStackApi } from '../cli/stack/stack-api.ts';
import { toFerryError } from '../shared/errors.ts';
import { readScriptOptions } from './script-options.ts';
import { smokeTest } from './smoke/smoke-test.ts';

const USAGE = 'usage: npm run smoke -- --stack NAME [--run JOB] [--json]';
const values = readScriptOptions(USAGE, {
  stack: { type: 'string' },
  run: { type: 'string' },
  json: { type: 'boolean' },
});
try {
  const name = values.stack ?? process.env.FERRY_STACK;
  if (!name) throw new Error(USAGE);
  const { stack, credentials } = await findStack(name, process.env.FERRY_API_URL || undefined);
  const api = createStackApi(stack, credentials);
  const steps = await smokeTest({ stack, api }, values.run);
  const rows = steps.map(({ step, status, detail }) => [step, status, detail]);
  const failed = steps.some(({ status }) => status === 'failed');
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ ok: !failed, steps }, null, 2)}\n`
      : `${formatTable(['STEP', 'RESULT', 'DETAIL'], rows)}\n`,
  );
  process.exitCode = failed ? 1 : 0;
} catch (error) {
  const known = error instanceof Error && error.message.startsWith('usage') ? error : toFerryError(error);
  process.stderr.write(`${known.message}\n`);
  process.exitCode = 2;
}
