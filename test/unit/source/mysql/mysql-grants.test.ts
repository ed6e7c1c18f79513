import { describe, expect, it } from 'vitest';
import { parseGrants } from '../../../../shared/source/mysql/catalog/mysql-grants.ts';

describe('parseGrants', () => {
  it('reads what is granted on everything, with and without a hash of a password', () => {
    const grants = parseGrants(
      [`GRANT SELECT, SHOW DATABASES ON *.* TO "reader"@"%" IDENTIFIED BY PASSWORD '*A2AD ON x.*'`],
      false,
    );
    expect(grants.onEverything(['SELECT'])).toBe(true);
    expect(grants.onEverything(['EXECUTE', 'SHOW DATABASES'])).toBe(true);
    expect(grants.onEverything(['SHOW VIEW'])).toBe(false);
    expect(grants.onSchema(['SELECT'], 'shop')).toBe(true);
    expect(grants.hasRevoked).toBe(false);
    expect(grants.selectsFrom('mysql', 'proc')).toBe(true);
    expect(
      parseGrants(['GRANT ALL PRIVILEGES ON *.* TO `x`@`%` WITH GRANT OPTION'], false).onEverything([
        'SELECT',
      ]),
    ).toBe(true);
  });

  it('takes the names of schemas for patterns, unless the server does not', () => {
    const statements = ['GRANT USAGE ON *.* TO `a`@`%`', 'GRANT SELECT ON `we_b`.* TO `a`@`%`'];
    const patterns = parseGrants(statements, false);
    expect(['we_b', 'wexb', 'we_bb'].map((name) => patterns.onSchema(['SELECT'], name))).toEqual([
      true,
      true,
      false,
    ]);
    const literal = parseGrants(statements, true);
    expect(['we_b', 'wexb'].map((name) => literal.onSchema(['SELECT'], name))).toEqual([true, false]);
    const escaped = parseGrants([String.raw`GRANT SELECT ON ${'`'}we\_b${'`'}.* TO x@y`], false);
    expect(['we_b', 'wexb'].map((name) => escaped.onSchema(['SELECT'], name))).toEqual([true, false]);
    const any = parseGrants(['GRANT SELECT ON `%`.* TO x@y'], false);
    expect(any.onSchema(['SELECT'], 'line\nbreak ☃')).toBe(true);
    expect(any.onEverything(['SELECT'])).toBe(false);
  });

  it('lets the grant on one schema hide what a pattern grants, as the servers do', () => {
    const grants = parseGrants(
      [
        'GRANT SELECT ON `we%`.* TO x@y',
        'GRANT INSERT ON `wexb`.* TO x@y',
        'GRANT SELECT, INSERT ON `web_`.* TO x@y',
      ],
      false,
    );
    const held = ['wexb', 'weyb', 'webb'].map((name) => [
      grants.onSchema(['SELECT'], name),
      grants.onSchema(['INSERT'], name),
    ]);
    expect(held).toEqual([
      [false, true],
      [true, false],
      [true, false],
    ]);
  });

  it('reads names in any quotes, or none', () => {
    const grants = parseGrants(
      [
        'GRANT SELECT ON `a``b`.* TO `x`@`%`',
        'GRANT SELECT ON "c""d".* TO "x"@"%"',
        'GRANT SELECT ON plain.* TO x@y',
        'GRANT SELECT ON `a ON *.* TO b`.* TO x@y',
      ],
      false,
    );
    const held = ['a`b', 'c"d', 'plain', 'a ON *.* TO b', 'other'].map((name) =>
      grants.onSchema(['SELECT'], name),
    );
    expect(held).toEqual([true, true, true, true, false]);
  });

  it('takes off what was revoked again', () => {
    const grants = parseGrants(
      ['GRANT SELECT, EXECUTE ON *.* TO `x`@`%`', 'REVOKE SELECT ON `secret`.* FROM `x`@`%`'],
      true,
    );
    expect(grants.hasRevoked).toBe(true);
    expect(grants.onEverything(['SELECT'])).toBe(false);
    expect(grants.onEverything(['EXECUTE'])).toBe(true);
    expect(['secret', 'shop'].map((name) => grants.onSchema(['SELECT'], name))).toEqual([false, true]);
  });

  it('leaves out what says nothing about whole schemas', () => {
    const grants = parseGrants(
      [
        'GRANT `SELECT ON *.* TO x`@`%` TO `x`@`%`',
        "GRANT PROXY ON ''@'' TO 'x'@'%'",
        'GRANT SELECT ("c"), INSERT ("b") ON "secret"."t" TO "x"@"%"',
        'GRANT EXECUTE ON PROCEDURE "secret"."p" TO "x"@"%"',
        'GRANT SELECT ON "mysql"."proc" TO "x"@"%"',
        'SET DEFAULT ROLE "looks" FOR "x"@"%"',
      ],
      false,
    );
    expect(grants.onSchema(['SELECT', 'EXECUTE', 'INSERT'], 'secret')).toBe(false);
    expect(grants.onSchema(['SELECT'], 'mysql')).toBe(false);
    expect(grants.selectsFrom('mysql', 'proc')).toBe(true);
    expect(grants.selectsFrom('mysql', 'user')).toBe(false);
  });
});
