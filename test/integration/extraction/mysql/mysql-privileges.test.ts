import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  FLAVORS,
  MIRRORED,
  READER,
  STRANGER,
  startTortureMysql,
} from '../../../support/mysql-catalog/create.ts';
import { extractMysql } from '../../../support/mysql-catalog/extract.ts';
import type { MysqlServer } from '../../../support/servers/mysql-server.ts';

describe.each(FLAVORS)('logins of %s that do not see everything', (flavor) => {
  let server: MysqlServer;
  beforeAll(async () => {
    server = await startTortureMysql({ flavor });
  });
  afterAll(() => server?.stop());

  const routinePrivilege =
    flavor === 'mariadb'
      ? 'SHOW CREATE ROUTINE (MariaDB 11.3 and later) or SELECT on mysql.proc'
      : 'SHOW_ROUTINE';

  it('get what they see, and are told what they do not', async () => {
    await using catalog = await extractMysql(server, { login: STRANGER });
    expect(catalog.pathsOf('Schema')).toEqual(['app', 'partly']);
    expect(catalog.pathsOf('Column').filter((path) => path.startsWith('partly/'))).toEqual([
      'partly/seen/id',
      'partly/seen_view/id',
    ]);
    expect(catalog.get('Table', 'partly/seen')?.attributes).toMatchObject({ columnCount: 1 });
    expect(catalog.pathsOf('Procedure')).toEqual([
      'app/_procedures_/add_order',
      'partly/_procedures_/seen_function',
    ]);
    const { warnings } = catalog.result;
    expect(warnings).toEqual(
      expect.arrayContaining([
        'The login has no SELECT privilege on all of partly: it only sees the tables, columns and routines there on which it has a privilege, and there may be others.',
        'The login only sees schemas on which it has a privilege: there may be others.',
        'Left out: the definitions of the views app.broken, app.totals, app.totals_again and 1 more, because the login lacks the privilege SHOW VIEW on them.',
        `Left out: the definitions of the routines app.add_order, partly.seen_function, because the login lacks the privilege ${routinePrivilege}.`,
      ]),
    );
  });

  it('get entities without the definitions that are hidden from them', async () => {
    await using catalog = await extractMysql(server, { login: STRANGER });
    for (const [type, path] of [
      ['View', 'app/totals'],
      ['View', 'partly/seen_view'],
      ['Procedure', 'app/_procedures_/add_order'],
    ] as const) {
      expect(catalog.get(type, path)).toBeDefined();
      expect(catalog.get(type, path)?.attributes).not.toHaveProperty('definition');
    }
  });

  it('are not warned about what they may read', async () => {
    await using catalog = await extractMysql(server, { login: READER });
    expect(catalog.result.warnings.join('\n')).not.toMatch(/The login|SHOW VIEW/);
    expect(catalog.get('View', 'app/totals')?.attributes).toHaveProperty('definition');
  });

  it('read a mirror of information_schema, which is left out itself', async () => {
    await using bare = await extractMysql(server, { login: MIRRORED });
    expect(bare.pathsOf('Schema')).toEqual(['mirror']);
    await using own = await extractMysql(server);
    await using mirrored = await extractMysql(server, {
      login: MIRRORED,
      source: { clonedInformationSchema: 'mirror' },
    });
    const schemas = own.pathsOf('Schema').filter((name) => name !== 'mirror');
    expect(mirrored.pathsOf('Schema')).toEqual(schemas);
    expect(mirrored.get('Database', '')?.attributes).toMatchObject({ schemaCount: schemas.length });
    for (const type of ['Table', 'Column', 'View', 'Procedure'] as const)
      expect(mirrored.pathsOf(type)).toEqual(own.pathsOf(type).filter((path) => !path.startsWith('mirror/')));
    expect(mirrored.get('View', 'app/totals')?.attributes).toHaveProperty('definition');
  });

  it('are told when there is no such mirror', async () => {
    const extraction = extractMysql(server, {
      login: MIRRORED,
      source: { clonedInformationSchema: 'no_mirror' },
    });
    await expect(extraction).rejects.toThrow(
      'The mirror of information_schema, "no_mirror", cannot be read.',
    );
  });
});
