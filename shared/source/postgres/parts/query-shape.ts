import type { ParseNode } from './parse-postgres.ts';

/*
 * Names of nodes and fields as in Postgres' own source:
 * https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/nodes/parsenodes.h
 */

/** Why a query is read by one connection, for people. */
export class Obstacle extends Error {
  override readonly name = 'Obstacle';
}

/** A conversion to a date or time, whose result for a text would depend on the moment: `'now'`. */
export interface MomentCast {
  /** What is converted: a column, the result of a function or operator. */
  kind: 'column' | 'function' | 'operator';
  name: string;
}

/** What a SELECT over one table consists of. */
export interface QueryShape {
  table: { schema: string | undefined; name: string };
  /** What the query calls the table. */
  alias: string;
  hasAlias: boolean;
  /** What each column of the result is: one of the table, all of the table, or a computed one. */
  results: ('column' | 'all' | 'computed')[];
  /** Position of the table's name, in bytes of UTF-8. */
  location: number;
  /** Columns that it names. */
  columns: Set<string>;
  /** Columns that it computes something from. */
  computed: Set<string>;
  functions: Set<string>;
  operators: Set<string>;
  /** Types that it converts to, by their names in pg_type. */
  types: Set<string>;
  momentCasts: MomentCast[];
}

/** Types whose values a text decides alone. */
const SAFE_TYPES = new Set(
  `bool int2 int4 int8 float4 float8 numeric money text varchar bpchar char name bytea uuid json jsonb interval inet cidr
   macaddr macaddr8 oid bit varbit`.split(/\s+/),
);
/** Types of which 'now' and 'today' are values. A timetz also has the offset of today. */
const MOMENT_TYPES = new Set(['date', 'time', 'timestamp', 'timestamptz']);
/** A constant of one of these types that contains such a word, also in the text of an array or range. */
const MOMENT_WORD = /now|today|tomorrow|yesterday/i;

/** Clauses that a part of the rows would answer differently, by their fields. */
const CLAUSES: Readonly<Record<string, string>> = {
  distinctClause: 'DISTINCT',
  intoClause: 'INTO',
  groupClause: 'GROUP BY',
  havingClause: 'HAVING',
  windowClause: 'WINDOW',
  valuesLists: 'VALUES',
  sortClause: 'ORDER BY',
  limitOffset: 'OFFSET',
  limitCount: 'LIMIT',
  lockingClause: 'FOR UPDATE, or the like',
  withClause: 'WITH',
};

/** Operators behind words, by the kind of expression. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  AEXPR_BETWEEN: ['<=', '>='],
  AEXPR_NOT_BETWEEN: ['<', '>'],
  AEXPR_BETWEEN_SYM: ['<=', '>='],
  AEXPR_NOT_BETWEEN_SYM: ['<', '>'],
};
const EXPRESSIONS = new Set([
  ...Object.keys(WORDS),
  ...['OP', 'OP_ANY', 'OP_ALL', 'DISTINCT', 'NOT_DISTINCT', 'NULLIF', 'IN', 'LIKE', 'ILIKE', 'SIMILAR'].map(
    (kind) => `AEXPR_${kind}`,
  ),
]);

/** What other nodes are called, for people. */
const OTHERS: Readonly<Record<string, string>> = {
  SubLink: 'contains a subquery',
  SQLValueFunction: 'uses current_date, current_user or the like, which connections may answer differently',
  JoinExpr: 'joins tables',
  RangeSubselect: 'reads a subquery',
  RangeFunction: 'reads the rows of a function',
  RangeTableSample: 'has TABLESAMPLE',
  ParamRef: 'has parameters',
};

type Fields = Readonly<Record<string, unknown>>;

/** The only key of a node and its fields. */
function open(node: unknown): [string, Fields] {
  const [[name, fields] = ['nothing', {}]] = Object.entries((node ?? {}) as ParseNode);
  return [name, fields as Fields];
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const textOf = (node: unknown): string | undefined => {
  const [name, { sval }] = open(node);
  return name === 'String' ? String(sval ?? '') : undefined;
};
const lastName = (names: unknown): string => textOf(list(names).at(-1)) ?? '';

/** Refuses fields that nothing here looks at: a later parser may have more of them. */
function assertOnly(fields: Fields, known: readonly string[], what: string): void {
  const other = Object.keys(fields).find((key) => !known.includes(key) && key !== 'location');
  if (other !== undefined) throw new Obstacle(`the query has ${what} with ${other}`);
}

/**
 * Looks for everything in a query because of which several connections, each with a part of the table, might not return
 * the rows that one would.
 *
 * @param statements the parser's tree
 * @throws Obstacle
 */
export function readShape(statements: readonly ParseNode[]): QueryShape {
  const [kind, select] = open(statements[0]);
  if (statements.length !== 1 || kind !== 'SelectStmt') throw new Obstacle('the query is not one SELECT');
  const clause = Object.keys(CLAUSES).find((key) => select[key] !== undefined);
  if (clause !== undefined) throw new Obstacle(`the query has ${CLAUSES[clause]}`);
  if (select.op !== 'SETOP_NONE') throw new Obstacle('the query has UNION, INTERSECT or EXCEPT');
  assertOnly(select, ['targetList', 'fromClause', 'whereClause', 'limitOption', 'op'], 'a clause');
  const from = list(select.fromClause);
  if (from.length !== 1)
    throw new Obstacle(from.length === 0 ? 'the query reads no table' : 'the query joins tables');
  const shape = readTable(from[0]);
  const reader = new ExpressionReader(shape);
  for (const target of list(select.targetList)) reader.target(target);
  if (select.whereClause !== undefined) reader.expression(select.whereClause);
  return shape;
}

function readTable(node: unknown): QueryShape {
  const [kind, range] = open(node);
  if (kind !== 'RangeVar') throw new Obstacle(`the query ${OTHERS[kind] ?? `reads a ${kind}`}`);
  assertOnly(range, ['schemaname', 'relname', 'inh', 'relpersistence', 'alias'], 'a table');
  if (range.inh !== true) throw new Obstacle('the query has ONLY');
  const alias = range.alias as Fields | undefined;
  if (alias !== undefined) assertOnly(alias, ['aliasname'], 'names of columns');
  const name = String(range.relname);
  return {
    table: { schema: range.schemaname as string | undefined, name },
    alias: String(alias?.aliasname ?? name),
    hasAlias: alias !== undefined,
    results: [],
    location: Number(range.location ?? 0),
    columns: new Set(),
    computed: new Set(),
    functions: new Set(),
    operators: new Set(),
    types: new Set(),
    momentCasts: [],
  };
}

/** Walks through expressions, and notes what they are made of. */
class ExpressionReader {
  readonly #shape: QueryShape;
  /** Nodes that are more than their parts. */
  readonly #own: Readonly<Record<string, (fields: Fields) => void>> = {
    ColumnRef: (fields) => {
      this.#shape.computed.add(this.#column(fields, false));
    },
    A_Const: assertTimeless,
    A_Expr: (fields) => this.#operation(fields),
    FuncCall: (fields) => this.#call(fields),
    TypeCast: (fields) => this.#cast(fields),
    A_Indirection: (fields) => this.#elements(fields),
    CaseExpr: (fields) => {
      // CASE a WHEN b compares the two.
      if (fields.arg !== undefined) this.#shape.operators.add('=');
      this.#parts(fields, ['arg', 'args', 'defresult']);
    },
    MinMaxExpr: (fields) => {
      this.#shape.operators.add('<');
      this.#parts(fields, ['args'], ['op']);
    },
  };

  constructor(shape: QueryShape) {
    this.#shape = shape;
  }

  /** A column of the result. */
  target(node: unknown): void {
    const [, target] = open(node);
    assertOnly(target, ['name', 'val'], 'a column');
    const [kind, value] = open(target.val);
    if (kind !== 'ColumnRef') {
      this.#shape.results.push('computed');
      this.expression(target.val);
      return;
    }
    const column = this.#column(value, true);
    this.#shape.results.push(column === '' ? 'all' : 'column');
  }

  expression(node: unknown): void {
    const [kind, fields] = open(node);
    const own = this.#own[kind];
    const composed = COMPOSED[kind];
    if (own) own(fields);
    else if (composed) this.#parts(fields, ...composed);
    else throw new Obstacle(`the query ${OTHERS[kind] ?? `contains ${kind}`}`);
  }

  /** @param others fields that are no expressions, and may have any value */
  #parts(fields: Fields, parts: readonly string[], others: readonly string[] = []): void {
    assertOnly(fields, [...parts, ...others], 'an expression');
    for (const part of parts) {
      const value = fields[part];
      if (Array.isArray(value)) for (const each of value) this.expression(each);
      else if (value !== undefined) this.expression(value);
    }
  }

  /** @returns its name; '' for a star */
  #column(fields: Fields, mayBeStar: boolean): string {
    const names = list(fields.fields);
    const isStar = open(names.at(-1))[0] === 'A_Star';
    const [table] = names.slice(0, -1).map(textOf);
    if (names.length > 2 || (table !== undefined && table !== this.#shape.alias))
      throw new Obstacle('the query names a column with its schema');
    if (isStar && mayBeStar) return '';
    const name = textOf(names.at(-1));
    if (name === undefined) throw new Obstacle('the query computes something from a whole row');
    this.#shape.columns.add(name);
    return name;
  }

  #operation(fields: Fields): void {
    const kind = String(fields.kind);
    if (!EXPRESSIONS.has(kind)) throw new Obstacle(`the query contains ${kind}`);
    for (const operator of operatorsOf(fields)) this.#shape.operators.add(operator);
    this.#parts(fields, ['lexpr', 'rexpr'], ['kind', 'name', 'rexpr_list_start', 'rexpr_list_end']);
  }

  #call(fields: Fields): void {
    const name = lastName(fields.funcname);
    const known = ['funcname', 'args', 'funcformat'];
    const other = Object.keys(fields).find((key) => !known.includes(key) && key !== 'location');
    if (other !== undefined) throw new Obstacle(`the query calls ${name}() with ${other}`);
    this.#shape.functions.add(name);
    const args = list(fields.args);
    // date(x) is another way to write x::date.
    if (args.length === 1 && MOMENT_TYPES.has(name)) this.#moment(args[0]);
    for (const arg of args) this.expression(arg);
  }

  #cast(fields: Fields): void {
    assertOnly(fields, ['arg', 'typeName'], 'a conversion');
    const type = fields.typeName as Fields;
    assertOnly(type, ['names', 'typmods', 'typemod', 'arrayBounds'], 'a type');
    const names = list(type.names).map(textOf);
    const name = names.at(-1) ?? '';
    if (names.length > 1 && names[0] !== 'pg_catalog') throw new Obstacle(`the query converts to ${name}`);
    const isMoment = MOMENT_TYPES.has(name);
    if (!isMoment && !SAFE_TYPES.has(name)) throw new Obstacle(`the query converts to ${name}`);
    for (const modifier of list(type.typmods)) this.expression(modifier);
    this.#shape.types.add(name);
    // The elements of an array may be texts that a type alone does not show.
    if (isMoment && type.arrayBounds !== undefined && !isConstant(fields.arg))
      throw new Obstacle(`the query converts to ${name}[]`);
    if (isMoment) this.#moment(fields.arg);
    this.expression(fields.arg);
  }

  /** Notes what is converted to a date or time: it must not be a text. */
  #moment(node: unknown): void {
    if (isConstant(node)) return;
    const [kind, fields] = open(node);
    const note = (what: MomentCast['kind'], name: string) =>
      this.#shape.momentCasts.push({ kind: what, name });
    if (kind === 'ColumnRef') note('column', this.#column(fields, false));
    else if (kind === 'FuncCall') note('function', lastName(fields.funcname));
    else if (kind === 'A_Expr' && fields.kind === 'AEXPR_OP')
      for (const operator of operatorsOf(fields)) note('operator', operator);
    else if (!isCastFromMoment(kind, fields))
      throw new Obstacle('the query converts a computed value to a date or time');
  }

  /** a[1]; (a).b could be a function. */
  #elements(fields: Fields): void {
    if (list(fields.indirection).some((step) => open(step)[0] !== 'A_Indices'))
      throw new Obstacle('the query reads a field of a value');
    this.#parts(fields, ['arg', 'indirection']);
  }
}

/** Nodes that only compose others: which of their fields are expressions, and which are not. */
const COMPOSED: Readonly<Record<string, [string[], string[]]>> = {
  BoolExpr: [['args'], ['boolop']],
  NullTest: [['arg'], ['nulltesttype', 'argisrow']],
  BooleanTest: [['arg'], ['booltesttype']],
  CoalesceExpr: [['args'], []],
  CaseWhen: [['expr', 'result'], []],
  A_ArrayExpr: [['elements'], ['list_start', 'list_end']],
  List: [['items'], []],
  CollateClause: [['arg'], ['collname']],
  A_Indices: [['lidx', 'uidx'], ['is_slice']],
};

const operatorsOf = (fields: Fields): readonly string[] =>
  WORDS[String(fields.kind)] ?? [lastName(fields.name)];

const isConstant = (node: unknown): boolean => open(node)[0] === 'A_Const';

/** A date or time that is converted to another one, or a number to an interval, is no text. */
function isCastFromMoment(kind: string, fields: Fields): boolean {
  if (kind !== 'TypeCast') return false;
  const type = fields.typeName as Fields;
  return MOMENT_TYPES.has(lastName(type.names)) && type.arrayBounds === undefined;
}

function assertTimeless({ sval }: Fields): void {
  const text = (sval as Fields | undefined)?.sval;
  if (typeof text === 'string' && MOMENT_WORD.test(text))
    throw new Obstacle("the query has a constant like 'now', which connections may understand differently");
}
