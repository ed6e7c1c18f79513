import { readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildServiceCode } from '../../infra/build-lambda-code.ts';
import {
  assertLean,
  assertTelemetryIsApart,
  describeLambdaCode,
  filesBelow,
} from '../support/stack/describe-lambda-code.ts';

const SERVICES = ['api', 'watchdog'] as const;
const MAXIMUM_SERVICE_BYTES = 5_000_000;

// For the other processor: long/other-lambda-code.long.test.ts
describeLambdaCode(process.arch === 'arm64' ? 'arm64' : 'x86_64');

describe('the code of the API and the watchdog', () => {
  it('is small: it has no DuckDB, and reads no source', async () => {
    const folder = await buildServiceCode();
    const files = await filesBelow(folder);
    expect(files.map((file) => relative(folder, file)).sort()).toEqual([
      'answer-config.mjs',
      'api.mjs',
      'open-otel.mjs',
      'watchdog.mjs',
    ]);
    const sizes = await Promise.all(files.map(async (path) => (await stat(path)).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAXIMUM_SERVICE_BYTES);
    for (const name of SERVICES) {
      await assertTelemetryIsApart(join(folder, `${name}.mjs`));
      await assertLean(folder, name);
      expect(await readFile(join(folder, `${name}.mjs`), 'utf8')).not.toMatch(/@duckdb|refusal\.mjs/);
    }
  });
});
