/** What the contract says of a column because of its type alone. */
export interface TypeFact {
  /** `dataType` and `type_name`, where they are not the key. */
  dataType?: string;
  /** `column_size`: the name of the type, or of its elements. */
  size: string;
  /** `precision`: whole numbers only. */
  precision?: number;
  /** `character_octet_length`: of types made of elements. */
  octets?: number;
  /** `numeric_precision`: of domains, their type's modifier. */
  domain?: number;
}

/** The types of the torture catalog: pg_type.typname, or `schema.name` for its own. */
export const columnTypes = {
  int2: { size: 'smallint', precision: 16 },
  int4: { size: 'integer', precision: 32 },
  int8: { size: 'bigint', precision: 64 },
  float4: { size: 'real' },
  float8: { size: 'double precision' },
  numeric: { size: 'numeric' },
  varchar: { size: 'character varying' },
  bpchar: { size: 'character' },
  text: { size: 'text' },
  char: { size: '"char"' },
  name: { size: '"char"', octets: 64 },
  bytea: { size: 'bytea' },
  bool: { size: 'boolean' },
  uuid: { size: 'uuid' },
  json: { size: 'json' },
  jsonb: { size: 'jsonb' },
  xml: { size: 'xml' },
  inet: { size: 'inet' },
  money: { size: 'money' },
  oid: { size: 'oid' },
  regclass: { size: 'regclass' },
  date: { size: 'date' },
  time: { size: 'time without time zone' },
  timetz: { size: 'time with time zone' },
  timestamp: { size: 'timestamp without time zone' },
  timestamptz: { size: 'timestamp with time zone' },
  interval: { size: 'interval' },
  bit: { size: 'bit' },
  varbit: { size: 'bit varying' },
  point: { size: 'double precision', octets: 16 },
  lseg: { size: 'point', octets: 32 },
  box: { size: 'point', octets: 32 },
  circle: { size: 'circle' },
  tsvector: { size: 'tsvector' },
  int2vector: { size: 'smallint', octets: -1 },
  int4range: { size: 'int4range' },
  daterange: { size: 'daterange' },
  numrange: { size: 'numrange' },
  nummultirange: { size: 'nummultirange' },
  _int4: { size: 'integer', octets: -1 },
  _varchar: { size: 'character varying', octets: -1 },
  _numeric: { size: 'numeric', octets: -1 },
  'app.span': { dataType: 'span', size: 'app.span' },
  'app.mood': { dataType: 'mood', size: 'app.mood' },
  'app.mood[]': { dataType: '_mood', size: 'app.mood', octets: -1 },
  'app.address': { dataType: 'address', size: 'app.address' },
  // numeric(12,2): (12 << 16 | 2) + 4
  'app.amount': { dataType: 'amount', size: 'app.amount', domain: 786_438 },
  'app.amount[]': { dataType: '_amount', size: 'app.amount', octets: -1 },
  'app.price': { dataType: 'price', size: 'app.price', domain: -1 },
  'app.code': { dataType: 'code', size: 'app.code', domain: 14 },
  'app.letters': { dataType: 'letters', size: 'app.letters', domain: 7 },
  'app.percent': { dataType: 'percent', size: 'app.percent', domain: -1 },
  'app.tags': { dataType: 'tags', size: 'app.tags', domain: -1 },
  'app.anything': { dataType: 'anything', size: 'app.anything', domain: -1 },
  'Größen Typ': { size: `"Grüße/""x"" 'y' 🐘.z%"."Größen Typ"` },
} as const satisfies Record<string, TypeFact>;

export type ColumnType = keyof typeof columnTypes;
