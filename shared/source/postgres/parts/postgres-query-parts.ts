import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { postgresLexicalRules, quoteLiteral, type Token, tokensOf } from '../../../duckdb/sql-text.ts';
import { fillIn } from '../../../text/fill-in.ts';
import type { AskSource, QueryParts } from '../../dialect.ts';
import { engineMessage } from '../../engine-message.ts';
import { dollarTag } from '../dollar-tag.ts';
import { quotePostgresName } from '../postgres-types.ts';
import type { ParseNode } from './parse-postgres.ts';
import { assertSameButTable, nameOf, partText, rangesOf } from './part-text.ts';
import { Obstacle, type QueryShape, readShape } from './query-shape.ts';
import { assertSplittable, assertVersion, type TableFacts } from './table-facts.ts';

const sizesSql = readFileSync(new URL('./postgres-part-sizes.sql', import.meta.url), 'utf8');
const factsSql = readFileSync(new URL('./postgres-part-facts.sql', import.meta.url), 'utf8');

/** Below this, several connections save less than a second. */
const MIN_BYTES = 200_000_000;

/** Stable functions of the server that depend on settings and nothing else, and so on no connection. */
const STABLE_FUNCTIONS =
  `array_to_json array_to_string concat concat_ws convert convert_from convert_to date date_add date_part
  date_subtract date_trunc extract format json_build_array json_build_object jsonb_build_array jsonb_build_object length
  make_timestamptz money numeric quote_literal quote_nullable time timestamp timestamptz timezone to_char to_date to_json
  to_jsonb to_number to_timestamp`.split(/\s+/);

/** Types by whose names functions may be called that convert, without a harm: `text(x)`. */
const CONVERTING =
  `bool bpchar bytea char cidr date float4 float8 inet int2 int4 int8 interval money name numeric oid text time
  timestamp timestamptz varchar bit varbit json jsonb`.split(/\s+/);

const texts = (values: Iterable<string>) => [...values].map(quoteLiteral).join(', ');

/** A name for to_regclass, which it cannot misunderstand. */
const relationText = ({ schema, name }: QueryShape['table']) =>
  (schema === undefined ? [name] : [schema, name]).map(quotePostgresName).join('.');

/** Names that follow FROM: one of them is that of the table, if the query reads one. */
function namesAfterFrom(sql: string): string[] {
  const tokens = [...tokensOf(sql, postgresLexicalRules)];
  const isName = (token: Token | undefined): token is Token =>
    token !== undefined && /^(".*"|[\w\u0080-\uffff$]+)$/s.test(token.text);
  return tokens.flatMap((token, index) => {
    const [first, point, second] = tokens.slice(index + 1, index + 4);
    if (token.kind !== 'word' || token.text.toUpperCase() !== 'FROM' || !isName(first)) return [];
    const isQualified = point?.text === '.' && isName(second);
    return [
      relationText(
        isQualified
          ? { schema: nameOf(first), name: nameOf(second) }
          : { schema: undefined, name: nameOf(first) },
      ),
    ];
  });
}

/** Without the parser, which is loaded only for a table that is worth it. */
async function assertLarge(ask: AskSource, query: string, minBytes: number): Promise<void> {
  const names = namesAfterFrom(query);
  const { rows } =
    names.length === 0 ? { rows: [] } : await ask(fillIn(sizesSql, { RELATIONS: texts(names) }));
  const [size, version] = rows[0] ?? [];
  if (!(Number(size ?? 0) >= minBytes))
    throw new Obstacle(`the query reads no table of ${minBytes / 1_000_000} MB or more`);
  assertVersion(Number(version));
}

async function readFacts(ask: AskSource, statement: string): Promise<TableFacts | undefined> {
  const setJit = (value: string) =>
    ask(`SELECT pg_catalog.set_config('jit', ${value}, true)::pg_catalog.text`);
  // The planner takes this question for an expensive one, and would compile it for a tenth of a second.
  await setJit("'off'");
  const { names, rows } = await ask(statement);
  await setJit('NULL');
  const [row] = rows;
  return row && (Object.fromEntries(names.map((name, index) => [name, row[index]])) as unknown as TableFacts);
}

const factsStatement = ({ table, functions, operators, types }: QueryShape) =>
  fillIn(factsSql, {
    RELATION: quoteLiteral(relationText(table)),
    FUNCTIONS: texts(functions),
    OPERATORS: texts(operators),
    STABLE: texts(STABLE_FUNCTIONS),
    TYPES: texts(types),
    CONVERTING: texts(CONVERTING),
  });

async function parse(query: string): Promise<ParseNode[]> {
  const { parsePostgres } = await import('./parse-postgres.ts');
  try {
    return await parsePostgres(query);
  } catch {
    // What it says could contain parts of the query.
    throw new Obstacle("Postgres 18's parser does not understand the query");
  }
}

/** A table that grows or shrinks is still the same one. */
const withoutSize = (facts: TableFacts | undefined) => facts && { ...facts, size: 0 };

/** What each step of the plans is, and nothing else: their texts may contain constants of the query. */
function planBlock(parts: readonly string[]): string {
  const explain = parts.map((part) => {
    const tag = dollarTag(part);
    return `EXECUTE ${tag}EXPLAIN (FORMAT JSON) ${part}${tag} INTO plan;
      steps := steps || ARRAY[pg_catalog.jsonb_path_query_array(plan::pg_catalog.jsonb, 'strict $.** ? (exists (@."Node Type"))."Node Type"')::pg_catalog.text];`;
  });
  const block = `DECLARE plan json; steps text[] := '{}'; BEGIN ${explain.join(' ')}
    RAISE EXCEPTION 'ferry_plan %', pg_catalog.array_to_string(steps, ';'); END`;
  const outer = dollarTag(block);
  return `SET LOCAL standard_conforming_strings = on; SET LOCAL statement_timeout = '3s'; SET LOCAL lock_timeout = '1s'; DO ${outer}${block}${outer}`;
}

/** Steps of a plan that only pass rows on. */
const PASSING = new Set(['Result', 'Subquery Scan']);

/** Whether the steps of a plan, as a JSON array, read one range of a table. */
function isRangeScan(plan: string): boolean {
  const steps = [...plan.matchAll(/"([^"]*)"/g)].map(([, step = '']) => step);
  const scans = steps.filter((step) => !PASSING.has(step));
  return scans.length === 1 && scans[0] === 'Tid Range Scan';
}

/** Reading parts of one Postgres table by the places of its rows (ctid). */
export const postgresQueryParts: QueryParts = {
  async split(ask, query, parts, minBytes = MIN_BYTES) {
    try {
      await assertLarge(ask, query, minBytes);
      const whole = await parse(query);
      const shape = readShape(whole);
      const statement = factsStatement(shape);
      const facts = await readFacts(ask, statement);
      if (facts === undefined) throw new Obstacle('its table is not found by name');
      const { blocks } = assertSplittable(facts, shape, minBytes);
      const texts: string[] = [];
      for (const range of rangesOf(blocks, parts)) {
        const text = partText(query, shape, facts, range);
        assertSameButTable(whole, await parse(text));
        texts.push(text);
      }
      const isUnchanged = async (askLater: AskSource) =>
        isDeepStrictEqual(withoutSize(await readFacts(askLater, statement)), withoutSize(facts));
      const stored = shape.results.flatMap((result) =>
        result === 'all' ? facts.columns.map(() => true) : [result !== 'computed'],
      );
      return { parts: texts, stored, isUnchanged };
    } catch (error) {
      if (error instanceof Obstacle) return { obstacle: error.message };
      throw error;
    }
  },

  async findPlanObstacle({ run }, parts) {
    const said = await run(`SELECT * FROM postgres_execute('db', ${quoteLiteral(planBlock(parts))})`).then(
      () => '',
      engineMessage,
    );
    const plans = /ferry_plan ([\w", ;[\]]+)/.exec(said)?.[1]?.split(';') ?? [];
    if (plans.length !== parts.length) return 'the source did not show how it would read a part';
    return plans.every(isRangeScan)
      ? undefined
      : 'the source would not read a part of the table by itself, but use an index, for example';
  },

  exportSnapshot: 'SELECT pg_catalog.pg_export_snapshot() AS id',
  importSnapshot: (id) => `SET TRANSACTION SNAPSHOT ${quoteLiteral(id)}`,
  // On a standby, the first would not name running transactions; such a server is refused.
  proof: `SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text AS snapshot, pg_catalog.pg_postmaster_start_time()::pg_catalog.text AS server,
    pg_catalog.current_database()::pg_catalog.text AS database, CURRENT_USER::pg_catalog.text AS login,
    pg_catalog.current_setting('transaction_isolation') AS isolation, pg_catalog.current_setting('transaction_read_only') AS read_only`,
  // An ALTER TABLE that queues between two of the connections waits for the first one, and the second one for it: the
  // server does not know that the two belong together.
  limitWaiting: `SELECT CASE WHEN s.setting::pg_catalog.int8 NOT BETWEEN 1 AND 1000 THEN pg_catalog.set_config('lock_timeout', '1s', true) END AS set
    FROM pg_catalog.pg_settings AS s WHERE s.name = 'lock_timeout'`,
  poolSize: (connections) =>
    `CALL postgres_configure_pool(catalog_name='db', max_connections=${connections})`,
};
