import { describe, expect, it } from 'vitest';
import { checkConcurrency } from '../../../scripts/smoke/account-quotas.ts';

const account = (UnreservedConcurrentExecutions: number) => ({
  send: async () => ({ AccountLimit: { ConcurrentExecutions: 1_000, UnreservedConcurrentExecutions } }),
});

describe('the smoke test of the account’s quota', () => {
  it.each([
    [10, 8, 'ok', '10 invocations at once, of 1000 in the account; the stack uses 10 at most'],
    [10, 9, 'warning', /^10 invocations at once.*the stack may want 11: ask for more \(Service Quotas/],
  ])('of %i with %i jobs is %s', async (free, jobs, status, detail) => {
    const found = await checkConcurrency(account(free) as never, jobs);
    expect(found.status).toBe(status);
    expect(found.detail).toMatch(detail);
  });
});
