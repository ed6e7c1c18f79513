import { describe, expect, it } from 'vitest';
import { readCredentials } from '../../../shared/atlan/sent-credentials.ts';

const sent = { host: 'db.example.org', username: 'ferry', password: 'secret', database: 'erp' };

describe('a NUL character in credentials', () => {
  it.each(['host', 'username', 'password', 'database'])(
    'is refused in %s: it ends a login there',
    (field) => {
      const wrong = { ...sent, [field]: 'erp\0user\0postgres' };
      expect(() => readCredentials(wrong, [])).toThrow(`${field}: expected a text without a NUL character`);
      const pairs = Object.entries(wrong).map(([key, value]) => ({ key, value }));
      expect(() => readCredentials(pairs, [])).toThrow('without a NUL character');
    },
  );

  it('is refused in extra, also as JSON', () => {
    const extra = { database: 'a\0b' };
    for (const form of [extra, JSON.stringify(extra)])
      expect(() => readCredentials({ ...sent, extra: form }, [])).toThrow(
        'extra.database: expected a text without a NUL character',
      );
  });
});
