import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { apiPoliciesIn, isAllowed } from '../../support/aws/api-policies.ts';

// docs/iam.md says who may call what; openapi.json has every route.

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const policies = apiPoliciesIn(read('docs/iam.md'));
const { paths } = JSON.parse(read('openapi.json')) as {
  paths: Record<string, Record<string, { security?: unknown[] }>>;
};
const RUN = '01a1fc88-01c9-775f-ad30-4e002322510b';
const calls = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { security }]) => ({
    method: method.toUpperCase(),
    path: path
      .replace('{job}', 'close orders')
      .replace('{id}', RUN)
      .replaceAll(/\{\w+\}/g, 'größe'),
    isOpen: security?.length === 0,
  })),
);
const whoMay = (method: string, path: string) =>
  policies.filter((policy) => isAllowed(policy, method, path)).map(({ Sid }) => Sid);

describe('the policies of docs/iam.md', () => {
  it('let nobody but the one who is named start, cancel, accept or resend', () => {
    const writing = calls.filter(({ method, path }) => method !== 'GET' && !path.startsWith('/workflows/'));
    expect(writing.map(({ method, path }) => [`${method} ${path}`, whoMay(method, path)])).toEqual([
      ['POST /jobs/close orders/runs', ['Start']],
      [`POST /runs/${RUN}/cancel`, ['Start']],
      [`POST /runs/${RUN}/accept`, ['Approve']],
      [`POST /runs/${RUN}/resend`, ['Approve']],
      ['POST /jobs/close orders/check', ['Start']],
      ['POST /setup/config', ['Start']],
      ['POST /setup/columns', ['Start']],
    ]);
  });

  it('let those who look call every GET, and nothing else', () => {
    const looked = calls.filter(({ method, path }) => whoMay(method, path).includes('Look'));
    expect(looked).toEqual(calls.filter(({ method }) => method === 'GET'));
  });

  it('let Atlan call its own routes, and none of Ferry’s', () => {
    const atlan = calls.filter(({ method, path }) => whoMay(method, path).includes('Atlan'));
    expect(atlan).toEqual(calls.filter(({ path }) => /^\/(workflows\/v1|server)\//.test(path)));
    expect(atlan.length).toBeGreaterThan(9);
  });

  it('let the one who starts one job see and start that one', () => {
    const may = (method: string, path: string) => whoMay(method, path).includes('StartOneJob');
    expect(may('POST', '/jobs/open-orders/runs')).toBe(true);
    expect(may('GET', '/jobs/open-orders')).toBe(true);
    expect(may('GET', '/jobs/open-orders/runs')).toBe(true);
    expect(calls.filter(({ method, path }) => may(method, path))).toEqual([]);
    expect(may('POST', '/jobs/open-orders/runs/accept')).toBe(false);
  });

  it('name every route that is not open', () => {
    expect(calls.filter(({ method, path, isOpen }) => !isOpen && whoMay(method, path).length === 0)).toEqual(
      [],
    );
  });
});
