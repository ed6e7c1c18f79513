import { column, type RelationFact, relation } from './facts.ts';

const ofList = () => [column('region', 'text', { notNull: true, primary: true })];
const v = column('v', 'int4');
const ofRange = [column('id', 'int4', { notNull: true }), column('day', 'date')];
const twoColumns = [column('a', 'int4'), column('b', 'int4')];
const byRange = { schema: 'parts', name: 'by_range' };
const range2024 = { schema: 'parts', name: 'range_2024', isPartition: true } as const;

/** Partitioned tables and partitions. */
export const partitionFacts: RelationFact[] = [
  relation('parts', 'by_list', [...ofList(), v], {
    kind: 'PARTITIONED TABLE',
    partitioned: { strategy: 'l', keyColumns: 1, keyColumn: 1, children: 2 },
    rowCount: 3,
    description: 'the whole',
  }),
  relation('parts', 'list_ab', [...ofList(), column('v', 'int4', { description: 'of the partition' })], {
    partitionOf: { schema: 'parts', name: 'by_list', bound: "FOR VALUES IN ('A', 'it''s B')" },
    rowCount: 2,
    description: 'a partition',
  }),
  relation('parts', 'list_rest', [...ofList(), v], {
    partitionOf: { schema: 'parts', name: 'by_list', bound: 'DEFAULT' },
    rowCount: 1,
  }),
  relation('parts', 'by_range', ofRange, {
    kind: 'PARTITIONED TABLE',
    partitioned: { strategy: 'r', keyColumns: 1, keyColumn: 2, children: 4 },
  }),
  relation('parts', 'range_2023', ofRange, {
    partitionOf: { ...byRange, bound: "FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')" },
  }),
  // Partitions that have partitions themselves.
  relation('parts', 'range_2024', ofRange, {
    kind: 'PARTITIONED TABLE',
    partitioned: { strategy: 'h', keyColumns: 1, keyColumn: 1, children: 2 },
    partitionOf: { ...byRange, bound: "FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')" },
  }),
  relation('parts 2', 'range_2024_1', ofRange, {
    kind: 'PARTITIONED TABLE',
    partitioned: { strategy: 'l', keyColumns: 1, keyColumn: 1, children: 1 },
    partitionOf: { ...range2024, bound: 'FOR VALUES WITH (modulus 2, remainder 1)' },
  }),
  relation('parts', 'range_2024_0', ofRange, {
    partitionOf: { ...range2024, bound: 'FOR VALUES WITH (modulus 2, remainder 0)' },
  }),
  relation('parts', 'range_2024_1_rest', ofRange, {
    partitionOf: { schema: 'parts 2', name: 'range_2024_1', isPartition: true, bound: 'DEFAULT' },
  }),
  relation('parts 2', 'range_2025', ofRange, {
    partitionOf: { ...byRange, bound: "FOR VALUES FROM ('2025-01-01') TO (MAXVALUE)" },
  }),
  relation('parts', 'range_far', ofRange, {
    kind: 'FOREIGN TABLE',
    insertable: false,
    partitionOf: { ...byRange, bound: "FOR VALUES FROM (MINVALUE) TO ('2000-01-01')" },
  }),
  // The same names as in the other schema.
  relation('parts 2', 'by_range', [column('id', 'int4')], {
    kind: 'PARTITIONED TABLE',
    partitioned: { strategy: 'r', keyColumns: 1, keyColumn: 1, children: 1 },
  }),
  relation('parts 2', 'range_2023', [column('id', 'int4')], {
    partitionOf: { schema: 'parts 2', name: 'by_range', bound: 'FOR VALUES FROM (MINVALUE) TO (2023)' },
  }),
  relation('parts', 'by_two', twoColumns, {
    kind: 'PARTITIONED TABLE',
    partitioned: { strategy: 'r', keyColumns: 2, keyColumn: null, children: 2 },
  }),
  relation('parts', 'two_low', twoColumns, {
    partitionOf: {
      schema: 'parts',
      name: 'by_two',
      bound: 'FOR VALUES FROM (MINVALUE, MINVALUE) TO (10, MAXVALUE)',
    },
  }),
  relation('parts', 'two_high', [column('b', 'int4', { order: 2 }), column('a', 'int4', { order: 3 })], {
    partitionOf: { schema: 'parts', name: 'by_two', bound: 'FOR VALUES FROM (11, 0) TO (20, 0)' },
  }),
  // An expression in a key counts as column 0.
  relation('parts', 'by_expression', [column('name', 'text'), column('n', 'int4')], {
    kind: 'PARTITIONED TABLE',
    partitioned: { strategy: 'h', keyColumns: 1, keyColumn: 0, children: 1 },
  }),
  relation('parts', 'expression_0', [column('name', 'text'), column('n', 'int4')], {
    partitionOf: {
      schema: 'parts',
      name: 'by_expression',
      bound: 'FOR VALUES WITH (modulus 3, remainder 0)',
    },
  }),
  relation('parts', 'by_mixed', twoColumns, {
    kind: 'PARTITIONED TABLE',
    partitioned: { strategy: 'r', keyColumns: 2, keyColumn: null, children: 0 },
  }),
  relation('parts', 'by_third', [...twoColumns, column('c', 'int4')], {
    kind: 'PARTITIONED TABLE',
    partitioned: { strategy: 'l', keyColumns: 1, keyColumn: 3, children: 1 },
  }),
  relation('parts', 'third_null', [...twoColumns, column('c', 'int4')], {
    partitionOf: { schema: 'parts', name: 'by_third', bound: 'FOR VALUES IN (NULL, 1)' },
  }),
];
