import { type LexicalRules, type Token, tokensOf } from '../../duckdb/sql-text.ts';
import type { AskSource, SourceTable } from '../dialect.ts';
import { quoteMysqlText } from './mysql-types.ts';

/** The SQL of a view or of a stored routine, as far as the login may see it. */
export interface Definition {
  kind: 'view' | 'function' | 'procedure';
  schema: string;
  name: string;
  /** Empty if the login may not see it. */
  sql: string;
  /** Its author says that it gives the same value each time. */
  isDeterministic: boolean;
}

/** A name in SQL; without a schema, it belongs to the schema of the session, or of the function that contains it. */
interface Mention {
  schema: string | undefined;
  name: string;
  /** What it may be besides a view: a procedure after CALL, a function before a parenthesis. */
  routine?: 'procedure' | 'function' | undefined;
}

/**
 * Names in one question, looked up one by one: MariaDB opens all tables of the server for a list of
 * names.
 */
const NAMES_AT_ONCE = 50;
/** Beyond this, a chain of views is nobody's query. */
const MOST_DEFINITIONS = 200;

/** Words that are in most queries, and need quotes to be a name. */
const NO_NAME =
  /^([0-9]+|SELECT|FROM|WHERE|AS|ON|AND|OR|NOT|IN|IS|NULL|JOIN|LEFT|INNER|GROUP|ORDER|BY|ASC|DESC|LIMIT|CASE|WHEN|THEN|ELSE|DISTINCT|UNION|WITH|USING|RETURN|SET)$/i;

const nameOf = (token: Token | undefined): string | undefined => {
  const [, quoted] = /^[`"](.*)[`"]$/s.exec(token?.text ?? '') ?? [];
  if (token?.kind === 'quoted') return quoted;
  return token !== undefined && /^[\w\u0080-\uffff$]+$/.test(token.text) ? token.text : undefined;
};

/**
 * Every name in a statement that may be one of a view or a function: most are of something else, which nothing is found
 * for.
 */
function mentionsIn(sql: string, rules: LexicalRules): Mention[] {
  const tokens = [...tokensOf(sql, rules)];
  return tokens.flatMap((token, index) => {
    const name = nameOf(token);
    if (name === undefined || (token.kind === 'word' && NO_NAME.test(name))) return [];
    const hasSchema = tokens[index - 1]?.text === '.';
    const schema = hasSchema ? nameOf(tokens[index - 2]) : undefined;
    const before = tokens[hasSchema ? index - 3 : index - 1];
    const isCalled = before?.kind === 'word' && /^CALL$/i.test(before.text);
    const isFunction = tokens[index + 1]?.text === '(';
    return [{ schema, name, routine: isCalled ? 'procedure' : isFunction ? 'function' : undefined }];
  });
}

const lookUp = ({ schema, name, routine }: Mention): string => {
  const inSchema = (column: string) =>
    `${column}_schema = ${schema === undefined ? 'DATABASE()' : quoteMysqlText(schema)} AND ${column}_name = ${quoteMysqlText(name)}`;
  const columns = (kind: string, column: string, definition: string, deterministic: string) =>
    `SELECT '${kind}' AS kind, ${[`${column}_schema`, `${column}_name`, definition, deterministic]
      .map((value, index) => `CONVERT(${value} USING utf8mb4) AS c${index}`)
      .join(', ')}`;
  const views = `${columns('view', 'table', 'view_definition', "'NO'")} FROM information_schema.views WHERE ${inSchema('table')}`;
  if (routine === undefined) return views;
  return `${views} UNION ALL ${columns(routine, 'routine', 'routine_definition', 'is_deterministic')} FROM information_schema.routines
      WHERE ${inSchema('routine')} AND routine_type = '${routine.toUpperCase()}'`;
};

/**
 * The views that a statement or tables consist of, and the functions and procedures that they call, with those that
 * these consist of in turn.
 *
 * @param query the source's SQL, if it is one
 * @param tables tables by the source's names
 */
export async function findDefinitions(
  ask: AskSource,
  query: string | undefined,
  tables: readonly SourceTable[],
  rules: LexicalRules,
): Promise<Definition[]> {
  const ofSession = answered.get(ask) ?? new Map<string, Definition[]>();
  answered.set(ask, ofSession);
  const asking = JSON.stringify([query, tables]);
  const definitions = ofSession.get(asking) ?? (await lookUpAll(ask, query, tables, rules));
  ofSession.set(asking, definitions);
  return definitions;
}

/** What was found for a preparation of a query, which asks several times. */
const answered = new WeakMap<AskSource, Map<string, Definition[]>>();

type LookedUp = [
  kind: Definition['kind'],
  schema: string,
  name: string,
  sql: string | null,
  deterministic: string,
];

async function lookUpAll(
  ask: AskSource,
  query: string | undefined,
  tables: readonly SourceTable[],
  rules: LexicalRules,
): Promise<Definition[]> {
  const found = new Map<string, Definition>();
  const asked = new Set<string>();
  let mentions: Mention[] = [
    ...(query === undefined ? [] : mentionsIn(query, rules)),
    ...tables.map(({ schema, table }) => ({ schema, name: table })),
  ];
  while (mentions.length > 0 && found.size < MOST_DEFINITIONS) {
    const unasked = mentions.filter(({ schema, name, routine }) => {
      const key = JSON.stringify([schema, name, routine]);
      if (asked.has(key)) return false;
      asked.add(key);
      return true;
    });
    mentions = [];
    for (let at = 0; at < unasked.length; at += NAMES_AT_ONCE) {
      const { rows } = await ask(
        unasked
          .slice(at, at + NAMES_AT_ONCE)
          .map(lookUp)
          .join(' UNION ALL '),
      );
      for (const [kind, schema, name, sql, deterministic] of rows as LookedUp[]) {
        const key = JSON.stringify([kind, schema, name]);
        if (found.has(key)) continue;
        found.set(key, { kind, schema, name, sql: sql ?? '', isDeterministic: deterministic === 'YES' });
        mentions.push(
          ...mentionsIn(sql ?? '', rules).map((each) => ({ ...each, schema: each.schema ?? schema })),
        );
      }
    }
  }
  return [...found.values()];
}

/** Functions of the servers that give another value each time, or do something. */
const CHANGING =
  /^(RAND|RANDOM_BYTES|UUID(_SHORT|_V[47])?|SYS_GUID|SYSDATE|LAST_INSERT_ID|SLEEP|BENCHMARK|GET_LOCK|RELEASE_LOCK)$/i;

/**
 * Whether a statement calls a function that gives another value each time, or one of somebody's own, which may: unless it
 * is DETERMINISTIC, which spares the server from storing the rows.
 */
export function changesWhenRepeated(
  sql: string,
  definitions: readonly Definition[],
  rules: LexicalRules,
): boolean {
  if (definitions.some(({ kind, isDeterministic }) => kind !== 'view' && !isDeterministic)) return true;
  return callsOne(CHANGING, sql, definitions, rules);
}

/** Whether a statement, or a view or function behind it, calls a function with such a name. */
export function callsOne(
  names: RegExp,
  sql: string,
  definitions: readonly Definition[],
  rules: LexicalRules,
): boolean {
  return [sql, ...definitions.map((each) => each.sql)].some((each) =>
    mentionsIn(each, rules).some(({ name, routine }) => routine === 'function' && names.test(name)),
  );
}

/** By which the server writes a TIMESTAMP, or text, that it sends. */
const PRINTING = ['TIME_ZONE', 'CHARACTER_SET_RESULTS'];

/**
 * A setting on which the values of a query depend, and which this function leaves changed; undefined when there is
 * none. A function that sets it twice, and the second time to what a variable holds, sets it back.
 */
export function settingLeftChanged(sql: string, rules: LexicalRules): string | undefined {
  const last = new Map<string, { times: number; fromVariable: boolean }>();
  let inSet = false;
  const tokens = [...tokensOf(sql, rules)];
  for (const [index, token] of tokens.entries()) {
    const word = nameOf(token)?.toUpperCase() ?? token.text;
    if (token.kind === 'end') inSet = false;
    const next = tokens[index + 1]?.text.toUpperCase() ?? '';
    if (token.kind === 'word' && word === 'SET') {
      inSet = true;
      if (/^(NAMES|CHARSET|CHARACTER)$/.test(next)) return 'character_set_results';
    }
    const isUsersOwn = tokens[index - 1]?.text === '@' && tokens[index - 2]?.text !== '@';
    if (!inSet || !PRINTING.includes(word) || isUsersOwn || !/^[=:]$/.test(next)) continue;
    const value = tokens[index + (next === ':' ? 3 : 2)];
    const fromVariable = value?.kind === 'word' && !/^(DEFAULT|[0-9]+)$/i.test(value.text);
    last.set(word, { times: (last.get(word)?.times ?? 0) + 1, fromVariable });
  }
  const left = [...last].find(([, { times, fromVariable }]) => times < 2 || !fromVariable);
  return left?.[0].toLowerCase();
}
