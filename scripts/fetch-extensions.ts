// Fetches DuckDB's extensions into .cache: npm run extensions.
import { currentPlatform, EXTENSION_PLATFORMS, fetchExtensions } from '../shared/duckdb/fetch-extensions.ts';
import { readScriptOptions } from './script-options.ts';

function oneOf<T extends string>(option: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((known) => known === value);
  if (!choice) throw new Error(`--${option} is '${value}', must be one of: ${choices.join(', ')}`);
  return choice;
}

async function main(): Promise<void> {
  const values = readScriptOptions(
    `npm run extensions -- [--platform ${EXTENSION_PLATFORMS.join('|')}] [--from duckdb|pypi] [--if-missing]`,
    {
      platform: { type: 'string' },
      from: { type: 'string' },
      'if-missing': { type: 'boolean', default: false },
    },
  );
  const files = await fetchExtensions({
    platform: values.platform ? oneOf('platform', values.platform, EXTENSION_PLATFORMS) : currentPlatform(),
    ifMissing: values['if-missing'],
    ...(values.from && { from: oneOf('from', values.from, ['duckdb', 'pypi'] as const) }),
  });
  // For bootstrap.mjs, and for anyone who wants to know where they are.
  process.stdout.write(`${files.join('\n')}\n`);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
