import type { MysqlServer } from '../servers/mysql-server.ts';

/** What the contract demands of a catalog, made of plain reads of information_schema, by typeName and path below the database. */
export type Expected = Record<'Table' | 'View' | 'Column' | 'Procedure', Map<string, ExpectedEntity>>;
interface ExpectedEntity {
  attributes: Record<string, unknown>;
  customAttributes: Record<string, unknown>;
}
type Row = Record<string, string | number | null>;

const OWN = "('mysql', 'performance_schema', 'information_schema', 'sys')";
const KINDS = "('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')";

/** The contract's rule for descriptions: what looks like HTML goes, white space becomes one blank. */
export function cleaned(text: unknown): string {
  return String(text ?? '')
    .slice(0, 100_000)
    .replace(/<[^>]+>/g, '')
    .replace(/\s+/g, ' ')
    .replace(/^ | $/g, '');
}

const textOf = (value: unknown) => String(value ?? '');
const numberOf = (value: unknown) => Number(value ?? 0);

/** Reads as the superuser. */
export async function expectedEntities(server: MysqlServer, connection: string): Promise<Expected> {
  const read = async (sql: string) =>
    (await server.query(`SET SESSION sql_mode = ''; ${sql}`))[1] as unknown as Row[];
  const q = (...parts: unknown[]) => [connection, 'def', ...parts].join('/');
  const tables = await read(
    `SELECT t.*, UNIX_TIMESTAMP(CREATE_TIME) * 1000 AS created FROM information_schema.TABLES t WHERE TABLE_SCHEMA NOT IN ${OWN} AND TABLE_TYPE IN ${KINDS}`,
  );
  const views = await read('SELECT * FROM information_schema.VIEWS');
  const columns = await read(`SELECT * FROM information_schema.COLUMNS WHERE TABLE_SCHEMA NOT IN ${OWN}`);
  const keys = await read('SELECT * FROM information_schema.KEY_COLUMN_USAGE');
  const partitions = await read(
    'SELECT DISTINCT TABLE_SCHEMA, TABLE_NAME, PARTITION_NAME FROM information_schema.PARTITIONS WHERE PARTITION_NAME IS NOT NULL',
  );
  const routines = await read(
    `SELECT r.*, UNIX_TIMESTAMP(CREATED) * 1000 AS created_ms, UNIX_TIMESTAMP(LAST_ALTERED) * 1000 AS altered_ms FROM information_schema.ROUTINES r WHERE ROUTINE_SCHEMA NOT IN ${OWN} AND ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION')`,
  );

  const ofSchema = (schema: unknown) => ({
    databaseName: 'def',
    databaseQualifiedName: q(),
    schemaName: schema,
    schemaQualifiedName: q(schema),
  });
  const expected: Expected = { Table: new Map(), View: new Map(), Column: new Map(), Procedure: new Map() };
  const typeOf = new Map<string, string>();
  for (const row of tables) {
    const path = `${row.TABLE_SCHEMA}/${row.TABLE_NAME}`;
    const isView = row.TABLE_TYPE === 'VIEW';
    typeOf.set(path, isView ? 'View' : 'Table');
    const isOf = (other: Row) =>
      other.TABLE_SCHEMA === row.TABLE_SCHEMA && other.TABLE_NAME === row.TABLE_NAME;
    const parts = partitions.filter(isOf).length;
    const common = {
      name: row.TABLE_NAME,
      qualifiedName: q(row.TABLE_SCHEMA, row.TABLE_NAME),
      ...ofSchema(row.TABLE_SCHEMA),
      // Of what is broken the server says there why it is broken.
      description: isView ? 'VIEW' : row.ENGINE === null ? '' : cleaned(row.TABLE_COMMENT),
      columnCount: columns.filter(isOf).length,
      atlanSchema: {
        typeName: 'Schema',
        attributes: {},
        uniqueAttributes: { qualifiedName: q(row.TABLE_SCHEMA) },
      },
    };
    if (isView) {
      const definition = textOf(views.find(isOf)?.VIEW_DEFINITION);
      expected.View.set(path, {
        attributes: { ...common, definition: `CREATE OR REPLACE VIEW ${row.TABLE_NAME} AS ${definition}` },
        customAttributes: {},
      });
    } else
      expected.Table.set(path, {
        attributes: {
          ...common,
          rowCount: numberOf(row.TABLE_ROWS),
          sizeBytes: numberOf(row.DATA_LENGTH) + numberOf(row.INDEX_LENGTH),
          subType: 'TABLE',
          isPartitioned: parts > 0,
          ...(parts > 0 && { partitionCount: parts }),
          ...(row.created !== null && { sourceCreatedAt: Number(row.created) }),
        },
        customAttributes: {
          engine: textOf(row.ENGINE),
          version: textOf(row.VERSION),
          row_format: textOf(row.ROW_FORMAT),
          data_length: textOf(row.DATA_LENGTH),
          table_collation: textOf(row.TABLE_COLLATION),
          create_options: textOf(row.CREATE_OPTIONS),
          is_transient: '',
        },
      });
  }
  for (const row of columns) {
    const of = `${row.TABLE_SCHEMA}/${row.TABLE_NAME}`;
    const kind = typeOf.get(of);
    if (!kind) continue;
    const own = keys.filter(
      (key) =>
        key.TABLE_SCHEMA === row.TABLE_SCHEMA &&
        key.TABLE_NAME === row.TABLE_NAME &&
        key.COLUMN_NAME === row.COLUMN_NAME,
    );
    const word = kind.toLowerCase();
    const isAuto = /auto_increment/i.test(textOf(row.EXTRA)) ? 'YES' : 'NO';
    const isGenerated = textOf(row.GENERATION_EXPRESSION) !== '' ? 'YES' : 'NO';
    expected.Column.set(`${of}/${row.COLUMN_NAME}`, {
      attributes: {
        name: row.COLUMN_NAME,
        qualifiedName: q(row.TABLE_SCHEMA, row.TABLE_NAME, row.COLUMN_NAME),
        ...ofSchema(row.TABLE_SCHEMA),
        [`${word}Name`]: row.TABLE_NAME,
        [`${word}QualifiedName`]: q(row.TABLE_SCHEMA, row.TABLE_NAME),
        [word]: {
          typeName: kind,
          attributes: {},
          uniqueAttributes: { qualifiedName: q(row.TABLE_SCHEMA, row.TABLE_NAME) },
        },
        ...(row.COLUMN_COMMENT !== '' && { description: cleaned(row.COLUMN_COMMENT) }),
        dataType: textOf(row.DATA_TYPE).toUpperCase(),
        isNullable: row.IS_NULLABLE === 'YES',
        isPrimary: own.some((key) => key.CONSTRAINT_NAME === 'PRIMARY'),
        isForeign: own.some((key) => key.REFERENCED_TABLE_NAME !== null),
        maxLength: numberOf(row.CHARACTER_MAXIMUM_LENGTH),
        ...(row.NUMERIC_PRECISION !== null && { precision: Number(row.NUMERIC_PRECISION) }),
        numericScale: numberOf(row.NUMERIC_SCALE),
        order: Number(row.ORDINAL_POSITION),
        isPartition: false,
      },
      customAttributes: {
        ordinal_position: Number(row.ORDINAL_POSITION),
        ...(row.NUMERIC_PRECISION !== null && { numeric_precision: Number(row.NUMERIC_PRECISION) }),
        is_auto_increment: isAuto,
        is_generated: isGenerated,
        extra_info: textOf(row.EXTRA),
        character_set_name: textOf(row.CHARACTER_SET_NAME),
        collation_name: textOf(row.COLLATION_NAME),
        column_type: textOf(row.COLUMN_TYPE),
        column_key: textOf(row.COLUMN_KEY),
        privileges: textOf(row.PRIVILEGES),
        generation_expression: textOf(row.GENERATION_EXPRESSION),
        is_autoincrement: isAuto,
        is_generatedcolumn: isGenerated,
        is_identity: 'NO',
        identity_cycle: '',
        character_octet_length: row.CHARACTER_OCTET_LENGTH === null ? '' : Number(row.CHARACTER_OCTET_LENGTH),
        type_name: textOf(row.DATA_TYPE).toLowerCase(),
      },
    });
  }
  for (const row of routines)
    expected.Procedure.set(`${row.ROUTINE_SCHEMA}/${row.ROUTINE_NAME} ${row.ROUTINE_TYPE}`, {
      attributes: {
        name: row.ROUTINE_NAME,
        ...ofSchema(row.ROUTINE_SCHEMA),
        definition: row.ROUTINE_DEFINITION,
        subType: row.ROUTINE_TYPE,
        sourceCreatedBy: row.DEFINER,
        sourceCreatedAt: Number(row.created_ms),
        sourceUpdatedAt: Number(row.altered_ms),
        description: cleaned(row.ROUTINE_COMMENT),
        atlanSchema: {
          typeName: 'Schema',
          attributes: {},
          uniqueAttributes: { qualifiedName: q(row.ROUTINE_SCHEMA) },
        },
      },
      customAttributes: {},
    });
  return expected;
}
