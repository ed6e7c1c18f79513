import { describe, expect, it } from 'vitest';
import { polyteiaTarget } from '../../../../shared/config/schema/polyteia-target.ts';

const messageOf = (target: object) =>
  polyteiaTarget
    .safeParse({ token: 't', ...target })
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('\n');

describe('a Polyteia target', () => {
  it.each([
    [{}, { api: 'classic', baseUrl: 'https://app.polyteia.com' }],
    [{ organization: 'stadt-beispiel' }, { api: 'session', baseUrl: 'https://web.polyteia.de' }],
    [
      { organization: 'org_1', api: 'classic' },
      { api: 'classic', baseUrl: 'https://app.polyteia.com' },
    ],
    [
      { organization: 'org_1', baseUrl: 'https://p.example' },
      { api: 'session', baseUrl: 'https://p.example' },
    ],
  ])('%j uses %j', (target, expected) => {
    expect(polyteiaTarget.parse({ token: 't', ...target })).toMatchObject(expected);
  });

  it('waits like the Go connector by default, and checks an upload', () => {
    expect(polyteiaTarget.parse({ token: 't' })).toMatchObject({
      ingest: { pollInterval: '5s', timeout: '30m' },
      verify: 'warn',
      format: 'parquet',
    });
  });

  it('can be parsed again, as a deployment does', () => {
    for (const own of [{}, { organization: 'org_1', ingest: { timeout: '1h30m' }, verify: 'off' }]) {
      const once = polyteiaTarget.parse({ token: 't', ...own });
      expect(polyteiaTarget.parse(JSON.parse(JSON.stringify(once)))).toEqual(once);
    }
  });

  it.each<[object, string]>([
    [{ api: 'session' }, "organization: the organization's id or slug, because the session API needs it"],
    [{ organization: 'pak_123' }, "organization: an organization's id (org_…) or slug"],
    [{ organization: 'Stadt Beispiel' }, "organization: an organization's id (org_…) or slug"],
    [
      { ingest: { pollInterval: '5' } },
      'ingest.pollInterval: a duration such as 5s, 30m or 1h30m, from 1s to 10m',
    ],
    [{ ingest: { pollInterval: '100ms' } }, 'from 1s to 10m'],
    [{ ingest: { timeout: '25h' } }, 'from 1s to 24h'],
    [{ ingest: { timeout: '-1m' } }, 'from 1s to 24h'],
    [{ baseUrl: 'https://p.example/?key=1' }, 'baseUrl: a URL that ends before any ? or #'],
    [{ baseUrl: 'https://p.example#x' }, 'baseUrl: a URL that ends before any ? or #'],
    [{ verify: 'always' }, 'verify: '],
    [{ format: 'CSV' }, 'format: '],
  ])('is refused as %j', (target, expected) => {
    expect(messageOf(target)).toContain(expected);
  });
});
