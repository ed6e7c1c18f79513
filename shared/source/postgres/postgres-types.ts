import {
  type ColumnPlan,
  decimalOf,
  MAX_DECIMAL_DIGITS,
  type PlanRequest,
  type Refusal,
  refusalMarker,
  type SourceColumn,
} from '../column-plan.ts';

/** What Postgres itself says about a column, and what DuckDB's client makes of it. */
export interface PostgresColumn extends SourceColumn {
  /** Name of the type in pg_catalog, behind all domains; '' for a user-defined type. */
  base: string;
  /** Of an array: the same for its elements. */
  element: string | undefined;
  /** pg_type.typtype, behind all domains; of an array: that of its elements. */
  kind: string;
  /** The declared type, if it is user-defined. */
  own?: { name: string; isArray: boolean };
}

// int64 microseconds from 1970 end here; Postgres counts from 2000 and continues for 30 years.
const LAST_TIMESTAMP = '294247-01-10 04:00:54.775807';

/** Types that hold any text. (Of a constant for a `name`, Postgres takes 63 bytes, and of one for a "char" the first.) */
const texts: Readonly<Record<string, ColumnPlan['isText']>> = {
  text: 'whole',
  varchar: 'whole',
  bpchar: 'padded',
};

const scalarsThatStay = new Set(['bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'bytea', 'uuid']);

/** A type in which all but a few values fit. */
interface Guarded {
  type: string;
  /** The type in Postgres' words, for a cast. */
  cast: string;
  violation: (value: string) => string;
  /** The same, where the value is one that a table stores. */
  storedViolation?: (value: string) => string;
  refusal: (name: string) => Refusal;
  loss: string;
}

// Types, functions and operators are called by their full names: a login's search_path may have others of the same name
// before them.
const [GREATER, AT_LEAST, AT_MOST, EQUAL, UNEQUAL, JOINED] = ['>', '>=', '<=', '=', '<>', '||'].map(
  (operator) => `OPERATOR(pg_catalog.${operator})`,
);

/** A name for the source's SQL. */
export const quotePostgresName = (name: string) => `"${name.replaceAll('"', '""')}"`;

const infinite = (name: string): Refusal => ({
  values: 'infinity, -infinity or a moment outside the range of Parquet',
  hint: `Write NULLIF(NULLIF(${quotePostgresName(name)}, 'infinity'), '-infinity') AS ${quotePostgresName(name)} in the query to get NULL, or ${quotePostgresName(name)}::text to keep them as text (or columns: { ${name}: text }).`,
});

function guardedScalar(base: string, clientType: string): Guarded | undefined {
  const infinityLoss = 'infinity becomes a number that most readers refuse';
  switch (base) {
    case 'date':
      return {
        type: 'DATE',
        cast: 'pg_catalog.date',
        violation: (value) => `NOT pg_catalog.isfinite(${value})`,
        refusal: infinite,
        loss: infinityLoss,
      };
    case 'timestamp':
    case 'timestamptz': {
      const cast = `pg_catalog.${base}`;
      const last = base === 'timestamp' ? `'${LAST_TIMESTAMP}'` : `'${LAST_TIMESTAMP}+00'`;
      return {
        type: base === 'timestamp' ? 'TIMESTAMP' : 'TIMESTAMP WITH TIME ZONE',
        cast,
        violation: (value) => `(NOT pg_catalog.isfinite(${value}) OR ${value} ${AT_LEAST} ${last}::${cast})`,
        refusal: infinite,
        loss: `${infinityLoss}, and a moment after the year 294246 becomes another one`,
      };
    }
    case 'time':
      return {
        type: 'TIME',
        cast: 'pg_catalog.time',
        violation: (value) => `${value} ${EQUAL} '24:00'::pg_catalog.time`,
        refusal: (name) => ({
          values: 'the time 24:00',
          hint: `Write ${quotePostgresName(name)}::text AS ${quotePostgresName(name)} in the query, or columns: { ${name}: text }.`,
        }),
        loss: '24:00 becomes 00:00 in some readers',
      };
    case 'numeric':
      return guardedNumeric(clientType);
    default:
      return undefined;
  }
}

/**
 * numeric(p,s) as DuckDB's client describes it; undefined for one without precision, or wider than a decimal can be.
 */
function guardedNumeric(clientType: string): Guarded | undefined {
  const decimal = decimalOf(clientType);
  // A negative scale at the source appears as one beyond 200.
  if (!decimal || decimal.scale > MAX_DECIMAL_DIGITS) return undefined;
  const precision = Math.max(decimal.precision, decimal.scale);
  const { scale } = decimal;
  const cast = `pg_catalog.numeric(${precision},${scale})`;
  const bound = `1e${precision - scale}`;
  return {
    type: `DECIMAL(${precision},${scale})`,
    cast,
    // In Postgres NaN is greater than everything, so two comparisons find all three, in every release.
    violation: (value) => `(${value} ${AT_LEAST} ${bound} OR ${value} ${AT_MOST} -${bound})`,
    // A table takes no Infinity for a numeric with precision, and no more digits.
    storedViolation: (value) => `${value} ${EQUAL} 'NaN'::pg_catalog.numeric`,
    refusal: (name) => ({
      values: 'NaN or Infinity',
      hint: `Write NULLIF(${quotePostgresName(name)}, 'NaN') AS ${quotePostgresName(name)} in the query to get NULL, or ${quotePostgresName(name)}::text to keep them as text (or columns: { ${name}: text }).`,
    }),
    loss: 'NaN and Infinity become 0',
  };
}

/** Fails the statement at the source with a message that names the column and contains none of its data. */
const raise = (index: number, value: string, cast: string) =>
  // Computed from the value, because Postgres would evaluate a constant before it reads the first row.
  `('${refusalMarker(index)}' ${JOINED} pg_catalog.left(${value}::pg_catalog.text, 0))::${cast}`;

const toText = (column: PostgresColumn, value: string, reason: string): ColumnPlan => ({
  name: column.name,
  sourceType: column.sourceType,
  type: 'VARCHAR',
  atSource: `${value}::pg_catalog.text`,
  ...(column.base === 'numeric' ? { numberAsText: true } : {}),
  reason,
});

const textReasons: Readonly<Record<string, string>> = {
  numeric: 'no decimal type holds all its values: it has no precision, or more than 38 digits; text is exact',
  timetz: "Parquet's times have no offset; text is exact",
  interval: "Parquet's intervals have no microseconds and no negative values; text is exact",
};

function planArray(column: PostgresColumn, { index, reference }: PlanRequest): ColumnPlan {
  const { name, sourceType } = column;
  const clientElement = column.clientType.slice(0, -2);
  const element = column.element ?? '';
  const scalar = guardedScalar(element, clientElement);
  // A decimal with more decimals than digits is widened, as it is outside of an array.
  const guarded = element === 'numeric' || scalar?.type === clientElement ? scalar : undefined;
  const cast = guarded?.cast ?? `pg_catalog.${scalarsThatStay.has(element) ? element : 'text'}`;
  const shape = `pg_catalog.array_ndims(${reference}) ${GREATER} 1 OR pg_catalog.array_lower(${reference}, 1) ${UNEQUAL} 1`;
  const violation = guarded
    ? `(${shape} OR EXISTS (SELECT FROM pg_catalog.unnest(${reference}) AS e (v) WHERE ${guarded.violation('e.v')}))`
    : `(${shape})`;
  // Always cast: for a domain over an array, the client reads other types than it describes.
  const value = `${reference}::${cast}[]`;
  const converted = cast === 'pg_catalog.text' && clientElement !== 'VARCHAR';
  return {
    name,
    sourceType,
    type: cast === 'pg_catalog.text' ? 'VARCHAR[]' : `${guarded?.type ?? clientElement}[]`,
    atSource: `CASE WHEN ${violation} THEN ${raise(index, reference, `${cast}[]`)} ELSE ${value} END`,
    violation,
    refusal: {
      values: `an array with several dimensions, or one that does not begin at 1${guarded ? `, or ${guarded.refusal(name).values} in an array` : ''}`,
      hint: `Write ${quotePostgresName(name)}::text AS ${quotePostgresName(name)} in the query, or columns: { ${name}: text }.`,
    },
    ...(converted
      ? { reason: `elements as text: ${textReasons[element] ?? 'Parquet has no type for them'}` }
      : {}),
  };
}

/** How a column of a Postgres query is written without losing anything. */
function planExactly(column: PostgresColumn, request: PlanRequest): ColumnPlan {
  const { name, sourceType, clientType, base } = column;
  const { reference, index } = request;
  const kept = { name, sourceType, type: clientType };
  if (scalarsThatStay.has(base)) return kept;
  if (base === 'money') {
    const cast = 'pg_catalog.numeric(21,2)';
    const number = `${reference}::pg_catalog.numeric`;
    const violation = `${number} ${UNEQUAL} pg_catalog.round(${number}, 2)`;
    return {
      ...kept,
      type: 'DECIMAL(21,2)',
      atSource: `CASE WHEN ${violation} THEN ${raise(index, reference, cast)} ELSE ${reference}::${cast} END`,
      refusal: {
        values: 'amounts with more than two decimals',
        hint: `Write ${quotePostgresName(name)}::numeric::text AS ${quotePostgresName(name)} in the query.`,
      },
      reason: 'the source prints it in its locale; a decimal is the same everywhere',
    };
  }
  // As psql prints it: the cast to text, which the client would use, adds /32 to a single address.
  // As text, a zero byte is empty, and a byte that is not a letter is escaped.
  if (base === 'char') return { ...kept, atSource: `${reference}::pg_catalog.text`, damagedInScan: true };
  if (base === 'inet') return { ...kept, atSource: `pg_catalog.abbrev(${reference})` };
  if (clientType.endsWith('[]')) return planArray(column, request);
  const guarded = guardedScalar(base, clientType);
  if (guarded) {
    const { cast } = guarded;
    const violation = guarded.violation(reference);
    const storedViolation = guarded.storedViolation?.(reference);
    const unless = (condition: string) =>
      `CASE WHEN ${condition} THEN ${raise(index, reference, cast)} ELSE ${reference}::${cast} END`;
    return {
      ...kept,
      type: guarded.type,
      atSource: unless(violation),
      violation,
      ...(storedViolation === undefined
        ? {}
        : { stored: { atSource: unless(storedViolation), violation: storedViolation } }),
      refusal: guarded.refusal(name),
      ...(guarded.type === clientType ? {} : { reason: `readers refuse ${clientType}` }),
    };
  }
  // The client has the source print types that it does not know, which is already exact.
  if (clientType === 'VARCHAR') return kept;
  return toText(column, reference, textReasons[base] ?? 'Parquet has no type for it; text is exact');
}

/** What is lost in a column that is written as the Go connector did. */
function lossOf({ base, element, clientType }: PostgresColumn): ColumnPlan['loss'] {
  const scalar = element ?? base;
  const type = clientType.replace(/\[\]$/, '');
  if (scalar === 'numeric' && type === 'DOUBLE')
    return {
      always: true,
      text: 'written as DOUBLE: about 15 digits are kept, and NaN and Infinity become 0',
    };
  if (scalar === 'timetz') return { always: true, text: 'the offset is lost' };
  if (scalar === 'interval')
    return { always: true, text: 'microseconds are lost, and a negative one fails the run' };
  const guarded = guardedScalar(scalar, type);
  return guarded && { always: false, text: guarded.loss };
}

/** Types that the client recognises by these names, in any schema. An array's name begins with an underscore. */
const namesOfTheClient = new Set(
  `bool int2 int4 int8 oid float4 float8 numeric char bpchar varchar text json jsonb date bytea time timetz timestamp timestamptz
   interval uuid point line lseg box path polygon circle`.split(/\s+/),
);

/**
 * The type that the client mistakes a user-defined type for when it scans a table; undefined if it makes no mistake.
 */
function typeNamedLike({ own, base }: PostgresColumn): string | undefined {
  if (own === undefined || own.name === base) return undefined;
  const [, underscore, name = ''] = /^(_?)(.*)$/s.exec(own.name) ?? [];
  if (underscore && (!own.isArray || name.startsWith('_'))) return `${name}[]`;
  return namesOfTheClient.has(name) ? `${name}${underscore ? '[]' : ''}` : undefined;
}

/** Composites, ranges, multiranges, and domains in an array: they may contain any type. */
const kindsOfParts = new Set(['c', 'r', 'm', 'd']);

const settingsOfParts = [
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
  'extra_float_digits',
  'bytea_output',
  'lc_monetary',
  'quote_all_identifiers',
  'search_path',
];

function textDependsOn({ base, element, kind }: PostgresColumn): readonly string[] | undefined {
  if (kindsOfParts.has(kind)) return settingsOfParts;
  const scalar = element ?? base;
  if (scalar === 'interval') return ['IntervalStyle'];
  if (scalar === 'date' || scalar === 'timestamp') return ['DateStyle'];
  if (scalar === 'timestamptz') return ['DateStyle', 'TimeZone'];
  if (/^(float[48]|point|line|lseg|box|path|polygon|circle)$/.test(scalar)) return ['extra_float_digits'];
  if (scalar === 'bytea') return ['bytea_output'];
  if (scalar === 'money') return ['lc_monetary'];
  return /^reg[a-z]+$/.test(scalar) ? ['quote_all_identifiers', 'search_path'] : undefined;
}

// Postgres' first moment, in microseconds from 1970: https://www.postgresql.org/docs/current/datatype-datetime.html
const FIRST_MOMENT = '-210866803200000000';
const isNoMoment = (value: string) => `NOT isfinite(${value}) OR epoch_us(${value}) < ${FIRST_MOMENT}`;

/**
 * DuckDB SQL that is true for a value which does not fit, after DuckDB's client has decoded it: infinity is kept as such,
 * and a moment after the last one overflows to one before Postgres' first.
 */
const misfits: Readonly<Record<string, (value: string) => string>> = {
  DATE: (value) => `NOT isfinite(${value})`,
  TIMESTAMP: isNoMoment,
  'TIMESTAMP WITH TIME ZONE': isNoMoment,
  TIME: (value) => `${value} = '24:00'::TIME`,
};

/**
 * The plan of a column that DuckDB's client decodes, with the check of each value in DuckDB instead of at the source,
 * where it takes several times as long.
 */
export function checkedInDuckdb({ own, clientType }: PostgresColumn, plan: ColumnPlan): ColumnPlan {
  const { atSource, ...decoded } = plan;
  const misfit = misfits[plan.type];
  // Of a domain, the client may read another type than it describes, so the source converts it.
  if (atSource === undefined || misfit === undefined || own !== undefined || clientType !== plan.type)
    return plan;
  return {
    ...decoded,
    inDuckdb: (value, _companion, refuse) => `CASE WHEN ${misfit(value)} THEN ${refuse} ELSE ${value} END`,
  };
}

/** Decides how a column of a Postgres query is written. */
export function planPostgresColumn(column: PostgresColumn, request: PlanRequest): ColumnPlan {
  const namedLike = typeNamedLike(column);
  const settings = textDependsOn(column);
  const isText = Object.hasOwn(texts, column.base) ? texts[column.base] : undefined;
  const decimal = decimalOf(column.clientType.replace(/(\[\])+$/, ''));
  // It puts up to 18 digits into 64 bits, and has no power of ten for more decimals there.
  const unscannable =
    decimal && decimal.precision <= 18 && decimal.scale > 18 && decimal.scale <= MAX_DECIMAL_DIGITS;
  return {
    ...planByMode(column, request),
    ...(isText === undefined ? {} : { isText }),
    ...(namedLike === undefined ? {} : { namedLike }),
    ...(settings === undefined ? {} : { textDependsOn: settings }),
    ...(unscannable ? { unscannable: `DuckDB's client cannot decode ${column.sourceType}` } : {}),
  };
}

function planByMode(column: PostgresColumn, request: PlanRequest): ColumnPlan {
  const exact = planExactly(column, request);
  if (request.mode === 'exact') return exact;
  // No reader could open what the connector wrote here: a decimal with more decimals than digits.
  const decimal = decimalOf(column.clientType.replace(/(\[\])+$/, ''));
  // A scan cannot refuse NaN, and would return 0.
  if (decimal && decimal.scale > decimal.precision) return { ...exact, damagedInScan: true };
  const loss = lossOf(column);
  // A scan of a table reads its byte, which is not text beyond ASCII.
  if (column.base === 'char') {
    const violation = `pg_catalog.octet_length(${request.reference}::pg_catalog.text) ${GREATER} 1`;
    const refusal = { values: 'a byte that is not a letter', hint: '' };
    return {
      name: column.name,
      sourceType: column.sourceType,
      type: column.clientType,
      damagedInScan: true,
      violation,
      refusal,
    };
  }
  const written = {
    name: column.name,
    sourceType: column.sourceType,
    type: column.clientType,
    ...(loss ? { loss, reason: loss.text } : {}),
  };
  return (column.element ?? column.base) === 'numeric' && /^DOUBLE(\[\])?$/.test(written.type)
    ? { ...written, ...refusedBeyondDoubles(column) }
    : written;
}

/**
 * The client divides by a power of ten, which is Infinity as a DOUBLE for more than 308 decimals, and makes NaN of 1.5 in
 * a numeric(1000,500). The source's own NaN and Infinity are 0 by then.
 */
function refusedBeyondDoubles({
  name,
  clientType,
}: PostgresColumn): Pick<ColumnPlan, 'inDuckdb' | 'refusal'> {
  const misfit = (value: string) =>
    clientType === 'DOUBLE'
      ? `NOT isfinite(${value})`
      : `len(list_filter(${value}, lambda e: NOT isfinite(e))) > 0`;
  const quoted = quotePostgresName(name);
  return {
    inDuckdb: (value, _companion, refuse) => `CASE WHEN ${misfit(value)} THEN ${refuse} ELSE ${value} END`,
    refusal: {
      values: 'a number with more than 308 digits before or after its point, which a DOUBLE cannot hold',
      hint: `Set columns: { ${name}: text } to keep all digits, or write round(${quoted}, 20) AS ${quoted} in a \`query\`.`,
    },
  };
}
