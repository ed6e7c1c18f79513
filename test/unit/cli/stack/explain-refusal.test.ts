import { expect, it } from 'vitest';
import { explainRefusal } from '../../../../cli/stack/explain-refusal.ts';

it.each([
  [403, '{"message":"The security token included in the request is expired"}', 403, ['token', 'expired']],
  [
    403,
    '{"Message":"User: jürgen is not authorized"}',
    403,
    ['jürgen is not authorized', 'execute-api:Invoke'],
  ],
  [401, '', 403, ['denies these credentials']],
  [429, '{"message":"Too Many Requests"}', 503, ['Too Many Requests', 'Try again']],
  [502, '<html>', 503, ['HTTP status 502']],
  [404, '{"message":null}', 404, ['HTTP status 404']],
])('says what a refusal of AWS with %i %s means', async (status, body, shown, words) => {
  const headers = { 'content-type': 'application/json' };
  const answer = await explainRefusal(new Response(body, { status, headers }));
  expect([answer.status, answer.headers.get('content-type')]).toEqual([shown, 'application/problem+json']);
  const { detail } = (await answer.json()) as { detail: string };
  for (const word of words) expect(detail).toContain(word);
});

it('leaves what the API itself answers as it is', async () => {
  const headers = { 'content-type': 'application/problem+json' };
  for (const answer of [Response.json({}), new Response('{}', { status: 409, headers })])
    expect(await explainRefusal(answer)).toBe(answer);
});
