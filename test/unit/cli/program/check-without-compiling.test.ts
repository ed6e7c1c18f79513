import { afterEach, beforeEach, expect, it } from 'vitest';
import * as z from 'zod';
import { createProgram } from '../../../../cli/program/program.ts';
import { createTestCliContext } from '../../../support/cli/cli-context.ts';

const before = z.config().jitless ?? false;
beforeEach(() => z.config({ jitless: false }));
afterEach(() => z.config({ jitless: before }));

it.each([
  ['validate', true],
  ['run', true],
  ['serve', false],
  ['console', false],
])('`ferry %s` checks without compiling its schemas: %j', async (command, expected) => {
  const context = createTestCliContext(process.cwd());
  await createProgram(context, [command]);
  expect(z.config().jitless).toBe(expected);
});
