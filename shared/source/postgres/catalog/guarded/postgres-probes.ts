import type { Part } from '../../../catalog/faults.ts';
import { ARGUMENT_LIST, ARGUMENTS, COLUMN_TYPE, RETURN_TYPE } from '../rows/postgres-rows.ts';

/** The relations to read, as `c`; their schemas as `scope`. */
const RELATIONS = `pg_catalog.pg_class AS c JOIN (__SCOPE__) AS scope ON scope.oid = c.relnamespace
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.reltype <> 0 AND __RELATION_IN_SCOPE__`;
/** Their columns, as `a`. */
const COLUMNS = `${RELATIONS} JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
  AND NOT a.attisdropped AND NOT __NO_COLUMN__`;
const ROUTINES = `pg_catalog.pg_proc AS p JOIN (__SCOPE__) AS scope ON scope.oid = p.pronamespace AND NOT __NO_ROUTINE__`;
const COMMENTS = `JOIN pg_catalog.pg_description AS d ON d.objoid = c.oid
  AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass`;

const ofRelation = (text: string, from = RELATIONS) =>
  `SELECT c.oid AS object, 0 AS part, ${text} AS text FROM ${from}`;
const ofColumn = (text: string, from = COLUMNS) =>
  `SELECT c.oid AS object, a.attnum::int4 AS part, ${text} AS text FROM ${from}`;
const ofRoutine = (text: string) => `SELECT p.oid AS object, 0 AS part, ${text} AS text FROM ${ROUTINES}`;

/**
 * SQL for every text of the catalog that may fail, for each object, made in the same way as in the queries. Names come
 * first: an object without a readable name is not asked for more. Columns without text identify the rows, so that they
 * can be read one by one.
 */
export const probedTexts: readonly { part: Part; texts: string }[] = [
  {
    part: 'schema',
    texts: 'SELECT scope.oid AS object, 0 AS part, scope.name::text AS text FROM (__SCOPE__) AS scope',
  },
  { part: 'relation', texts: ofRelation('c.relname::text') },
  { part: 'comment', texts: ofRelation('d.description', `${RELATIONS} ${COMMENTS} AND d.objsubid = 0`) },
  {
    part: 'bound',
    texts: ofRelation(
      'pg_catalog.pg_get_expr(c.relpartbound, 0)',
      `${RELATIONS} AND c.relispartition AND c.relkind = 'r'`,
    ),
  },
  {
    part: 'rowType',
    texts: ofRelation(
      'pg_catalog.concat(t.typname, n.nspname)',
      `${RELATIONS} JOIN pg_catalog.pg_type AS t ON t.oid = c.reloftype
        JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace`,
    ),
  },
  {
    part: 'parent',
    texts: ofRelation(
      'pg_catalog.concat(parent.relname, n.nspname)',
      `${RELATIONS} AND c.relispartition JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = c.oid
        JOIN pg_catalog.pg_class AS parent ON parent.oid = i.inhparent
        JOIN pg_catalog.pg_namespace AS n ON n.oid = parent.relnamespace`,
    ),
  },
  { part: 'column', texts: ofColumn('a.attname::text') },
  {
    part: 'type',
    texts: ofColumn(
      'pg_catalog.concat(t.typname, (CASE WHEN t.typelem <> 0 THEN t.typelem ELSE t.oid END)::pg_catalog.regtype__TYPE_DETAILS__)',
      `${COLUMNS} JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid`,
    ),
  },
  {
    part: 'default',
    texts: ofColumn(
      "pg_catalog.pg_get_expr(d.adbin, CASE WHEN d.adbin::text LIKE '%{VAR %' THEN d.adrelid ELSE 0 END)",
      `${COLUMNS} JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum`,
    ),
  },
  {
    part: 'keys',
    texts: ofColumn(
      'k.conname::text',
      `${COLUMNS} JOIN pg_catalog.pg_constraint AS k ON k.conrelid = c.oid AND a.attnum = ANY (k.conkey)`,
    ),
  },
  {
    part: 'columnComment',
    texts: ofColumn('d.description', `${COLUMNS} ${COMMENTS} AND d.objsubid = a.attnum`),
  },
  { part: 'routine', texts: ofRoutine('p.proname::text') },
  { part: 'source', texts: ofRoutine('p.prosrc') },
  { part: 'arguments', texts: ofRoutine(`pg_catalog.concat(${ARGUMENTS}__ARGUMENT_DETAILS__)`) },
];

/** What `__…_DETAILS__` stands for: the texts that only details have. */
export const probedDetails = (details: boolean) => ({
  TYPE_DETAILS: details ? `, ${COLUMN_TYPE}` : '',
  ARGUMENT_DETAILS: details
    ? `, ${ARGUMENT_LIST}, ${RETURN_TYPE}, (SELECT l.lanname FROM pg_catalog.pg_language AS l WHERE l.oid = p.prolang)`
    : '',
});
