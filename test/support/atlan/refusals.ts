import { expect } from 'vitest';
import { z } from 'zod';
import type { Answer } from './start-atlan.ts';

/** One thing that is wrong with a body, as FastAPI says it. */
const problem = z.strictObject({
  loc: z.tuple([z.literal('body')], z.union([z.string(), z.int()])),
  msg: z.string().min(1),
  type: z.string().min(1),
});

const envelope = z.strictObject({
  success: z.literal(false),
  error: z.string().min(1).max(200),
  details: z.string().min(1),
  message: z.string().min(1),
  detail: z.array(problem).min(1).optional(),
  data: z.record(z.string(), z.unknown()).optional(),
});

/** Asserts that an answer refuses, in the form that all errors have. */
export function expectRefusal(answer: Answer, ...statuses: number[]): z.infer<typeof envelope> {
  expect(statuses, `${answer.status} ${answer.text}`).toContain(answer.status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  const body = envelope.parse(answer.body);
  expect(body.message).toBe(body.details);
  expect(answer.text).not.toMatch(/\n {4}at |node_modules|\.ts:\d/);
  return body;
}

/**
 * Asserts that an answer refuses a body, and names where it is wrong.
 *
 * @param path the last names of the way to what is wrong, from the body on
 */
export function expectInvalid(answer: Answer, ...path: string[]): void {
  const { detail } = expectRefusal(answer, 422);
  const ways = (detail ?? []).map(({ loc }) => loc.join('.'));
  expect(ways.length, answer.text).toBeGreaterThan(0);
  if (path.length === 0) return;
  const wanted = path.join('.');
  expect(
    ways.some((way) => way === `body.${wanted}` || way.endsWith(`.${wanted}`) || way.includes(`${wanted}.`)),
    `${answer.text} names ${wanted}`,
  ).toBe(true);
}
