import { describe, expect, it } from 'vitest';
import { connectionOf } from '../../../shared/config/atlan-connection.ts';

const login = { host: 'erp.example.org', port: 5432, database: 'erp' };
const at = (changes: Partial<typeof login> = {}, tenant = 'default') =>
  connectionOf({ name: 'erp', source: { type: 'postgres' }, login: { ...login, ...changes }, tenant });

describe('connectionOf', () => {
  it('makes a qualifiedName of three parts, the same in every release', () => {
    expect(at()).toEqual({ name: 'erp', qualifiedName: 'default/postgres/1232829761' });
    expect(at({}, 'stadt')).toEqual({ name: 'erp', qualifiedName: 'stadt/postgres/1232829761' });
  });

  it('has an id of ten digits from before Atlan existed, whatever the server', () => {
    const ids = Array.from({ length: 2_000 }, (_, index) => {
      const id = at({ host: `db-${index}.example.org` }).qualifiedName.split('/')[2] ?? '';
      expect(id).toMatch(/^1[0-4]\d{8}$/);
      return id;
    });
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('distinguishes servers by host and port, ignoring case', () => {
    expect(at({ host: 'ERP.Example.org' })).toEqual(at());
    expect(at({ port: 5433 })).not.toEqual(at());
    expect(at({ host: 'hr.example.org' })).not.toEqual(at());
    expect(at({ database: 'hr' })).toEqual(at());
  });

  it('distinguishes files by their paths', () => {
    const file = (database: string) => at({ host: '', port: 0, database });
    expect(file('/data/2025/archive.sqlite')).toEqual(file('/data/2025/archive.sqlite'));
    expect(file('/data/2026/archive.sqlite')).not.toEqual(file('/data/2025/archive.sqlite'));
  });

  it.each([
    [{}, { name: 'erp', qualifiedName: at().qualifiedName }],
    [{ name: 'ERP' }, { name: 'ERP', qualifiedName: at().qualifiedName }],
    [
      { qualifiedName: 'stadt/postgres/1745501106' },
      { name: 'erp', qualifiedName: 'stadt/postgres/1745501106' },
    ],
    [
      { name: 'ERP', qualifiedName: 'a/b/1' },
      { name: 'ERP', qualifiedName: 'a/b/1' },
    ],
  ])('uses what the source says: %j', (connection, expected) => {
    const source = { type: 'postgres', connection } as const;
    expect(connectionOf({ name: 'erp', source, login, tenant: 'default' })).toEqual(expected);
  });
});
