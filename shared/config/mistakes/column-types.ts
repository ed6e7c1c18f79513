/** Types of columns in SQL's words. */
const COLUMN_TYPES: readonly (readonly [RegExp, string])[] = [
  [/^(?:numeric|decimal|number)\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)$/i, 'decimal($1,$2)'],
  [/^(?:numeric|decimal|number)$/i, 'decimal(38,10)'],
  [/^(?:varchar|char|character varying|string|str)(?:\s*\(\d+\))?$/i, 'text'],
  [/^(?:u?int\d*|integer|smallint|long|int8)$/i, 'bigint'],
  [/^(?:bool)$/i, 'boolean'],
  [/^(?:float\d*|real|double precision)$/i, 'double'],
];

/** Ferry's name for a type in SQL's words; undefined for what is none, or right. */
export function columnTypeFor(type: string): string | undefined {
  const [pattern, meant] = COLUMN_TYPES.find(([form]) => form.test(type)) ?? [];
  const right = pattern === undefined || meant === undefined ? type : type.replace(pattern, meant);
  return right === type ? undefined : right;
}
