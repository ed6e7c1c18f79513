import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../shared/extraction/output/manifest.ts';
import { runExtraction } from '../../../../shared/extraction/run-extraction.ts';
import { type ExtractionSetup, setUpExtraction } from '../../../support/extraction/extraction-setup.ts';
import { FLAVORS } from '../../../support/mysql-catalog/create.ts';
import { extractMysql } from '../../../support/mysql-catalog/extract.ts';
import { startContractMysql } from '../../../support/mysql-contract/create.ts';
import type { MysqlServer } from '../../../support/servers/mysql-server.ts';
import { sourceConfig } from '../../../support/source/source-config.ts';

type Line = { typeName: string; attributes: Record<string, unknown> };

/** One is enough for each flavor: layout, folder of a run, first file of each form, and statistics. */
const LAYOUTS = {
  mariadb: ['app', 'catalogs/RUN', '1.parquet', '1.json', 'statistics.json.ignore'],
  mysql: [
    'sdk',
    'artifacts/apps/mysql/workflows/catalogs/RUN',
    'chunk-0-part0.parquet',
    'chunk-0-part0.json',
    'statistics/statistics.json.ignore',
  ],
} as const;

describe.each(FLAVORS)('what the contract demands of a run against %s', (flavor) => {
  let server: MysqlServer;
  let setup: ExtractionSetup;
  beforeAll(async () => {
    server = await startContractMysql(flavor);
    setup = await setUpExtraction(server);
  });
  afterAll(async () => {
    await setup?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  async function run(extraction: Record<string, unknown>) {
    const connection = { name: 'Shop', qualifiedName: 'default/mysql/1745501106' };
    const record = await runExtraction(
      setup.options(extraction, { erp: { ...sourceConfig(server, 'erp'), connection } }),
    );
    expect(record.error).toBeUndefined();
    const manifest = JSON.parse(await readFile(String(record.manifest), 'utf8')) as Manifest;
    const lines: Line[] = [];
    for (const { key, form } of manifest.files)
      if (form === 'transformed') {
        const text = await readFile(join(setup.outputFolder, key), 'utf8');
        lines.push(
          ...text
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line) as Line),
        );
      }
    const pathsOf = (type: string) =>
      lines
        .filter(({ typeName }) => typeName === type)
        .map(({ attributes }) =>
          String(attributes.qualifiedName).slice('default/mysql/1745501106/def/'.length),
        );
    return { record, manifest, lines, pathsOf };
  }

  it('writes the files of its layout', async () => {
    const [layout, folder, raw, transformed, statistics] = LAYOUTS[flavor];
    const { record, manifest } = await run({ output: { layout, application: 'mysql' } });
    const types = ['column', 'database', 'extras-procedure', 'schema', 'table'];
    const base = folder.replace('RUN', record.id);
    expect(manifest.files.map(({ key }) => key).toSorted()).toEqual([
      ...types.map((type) => `${base}/raw/${type}/${raw}`),
      ...types.map((type) => `${base}/transformed/${type}/${transformed}`),
    ]);
    for (const type of types) {
      const rows = manifest.files.find((file) => file.form === 'raw' && file.type === type)?.rows;
      const path = join(setup.outputFolder, base, 'transformed', type, statistics);
      expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
        total_record_count: rows,
        chunk_count: 1,
      });
    }
  });

  it('keeps a schema that a whole pattern of the include filter matches and none of the exclude filter', async () => {
    const { pathsOf, record } = await run({
      include: { '^def$': ['^shop$', '^we.b$', '(?i)^MARIA$|^oracle$'] },
      exclude: { def: ['^wexb$'] },
      tempTableRegex: '^tmp_|tmp$|v_tmp',
    });
    expect(pathsOf('Schema').toSorted()).toEqual(
      [flavor === 'mysql' ? 'oracle' : 'maria', 'shop', 'we_b'].toSorted(),
    );
    expect(pathsOf('Database')).toHaveLength(1);
    const tables = pathsOf('Table');
    expect(tables).toContain('shop/tEmp_ok');
    expect(tables).not.toContain('shop/tmp_a');
    expect(tables).not.toContain('shop/a_tmp');
    expect(pathsOf('View')).not.toContain('shop/v_tmp_');
    expect(pathsOf('Column').filter((path) => /tmp/.test(path))).toEqual([]);
    expect(record.state).toBe('succeeded');
  });

  it('finds no schema by a part of its name', async () => {
    const config = setup.options(
      { include: { '^def$': ['^shop$', 'sel'] } },
      { erp: sourceConfig(server, 'erp') },
    );
    const { state, error } = await runExtraction(config);
    expect(state).toBe('failed');
    expect(error?.message).toBe('Schemas and Databases check failed for def.sel schema.');
  });

  it('takes the filters of the app as they are, and odd names in them', async () => {
    const odd = `odd 'q' "d" \\ \`b\` % ☃ ü`;
    const { pathsOf } = await run({
      include: JSON.stringify({ '^def$': ['^shop$', '^Shop$', `^${odd.replace('\\', '\\\\')}$`] }),
      exclude: '{"^def$":["^Shop$"]}',
    });
    expect(pathsOf('Schema')).toEqual([odd, 'shop']);
    const all = flavor === 'mysql' ? '*' : [];
    const others = await run({ include: { '^def$': all }, exclude: { '^def$': ['^shop$', '.*l.*'] } });
    expect(others.pathsOf('Schema')).toContain('void');
    expect(others.pathsOf('Schema')).not.toContain('shop');
    expect(others.pathsOf('Schema')).not.toContain('select');
  });

  it('fits together while the catalog changes all the time, or names what does not', async () => {
    const { host, port, user, password } = server;
    const other = await mysql.createConnection({ host, port, user, password, multipleStatements: true });
    let going = true;
    const changes = (async () => {
      for (let n = 0; going; n += 1)
        await other.query(
          `CREATE DATABASE moving; CREATE TABLE moving.t${n} (a INT PRIMARY KEY, b INT) PARTITION BY HASH (a) PARTITIONS 2;
           CREATE VIEW moving.v AS SELECT * FROM moving.t${n}; RENAME TABLE moving.t${n} TO moving.u;
           ALTER TABLE moving.u ADD COLUMN c INT, DROP COLUMN b; DROP VIEW moving.v; DROP DATABASE moving`,
        );
    })();
    try {
      // Each relation leads to an entity of the same run, which this asserts.
      await using catalog = await extractMysql(server, { lockPatienceMs: 60, tablePartitions: true });
      expect(catalog.pathsOf('Column')).toEqual(expect.arrayContaining(['shop/two/a', 'shop/types/id']));
      for (const { typeName, attributes } of catalog.entities) {
        if (typeName !== 'Table') continue;
        const { columnCount, qualifiedName } = attributes as Record<string, unknown>;
        const columns = catalog.entities.filter(
          (one) =>
            one.typeName === 'Column' &&
            (one.attributes as Record<string, unknown>).tableQualifiedName === qualifiedName,
        );
        const named = catalog.result.warnings.some(
          (text) =>
            text.startsWith('Columns of ') &&
            text.includes(String(qualifiedName).split('/').slice(-2).join('.')),
        );
        if (!named) expect(columns.length, String(qualifiedName)).toBe(columnCount);
      }
    } finally {
      going = false;
      await changes;
      await other.end();
    }
  });
});
