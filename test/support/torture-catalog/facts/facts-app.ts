import { column, type RelationFact, relation } from './facts.ts';

const id = { notNull: true, primary: true } as const;
const a = column('a', 'int4');

/** Keys, sequences, forms of tables, views: schema app and some small ones next to it. */
export const appFacts: RelationFact[] = [
  relation('app', 'customers', [
    column('id', 'int4', { ...id, auto: true, identity: true }),
    column('email', 'varchar', { notNull: true, length: 255 }),
    column('parent_id', 'int4', { foreign: true }),
  ]),
  relation(
    'app',
    'orders',
    [
      column('id', 'int8', { ...id, auto: true }),
      column('customer_id', 'int4', { notNull: true, foreign: true }),
      column('total', 'numeric', { notNull: true, precision: 10, scale: 2 }),
      column('note', 'text'),
    ],
    { rowCount: 3 },
  ),
  relation('app', 'order_lines', [
    column('order_id', 'int8', { ...id, foreign: true }),
    column('line', 'int2', id),
    column('customer_id', 'int4', { foreign: true }),
  ]),
  relation('app', 'shipments', [
    column('line', 'int2', { notNull: true, foreign: true }),
    column('order_id', 'int8', { foreign: true }),
    column('window_of', 'daterange'),
  ]),
  relation('app', 'counters', [
    column('always_id', 'int8', { notNull: true, auto: true, identity: true }),
    column('default_id', 'int2', { notNull: true, auto: true, identity: true }),
    column('small_id', 'int2', { notNull: true, auto: true }),
    column('big_id', 'int8', { notNull: true, auto: true }),
    column('taken', 'int4', { auto: true }),
    column('shifted', 'int4'),
    column('spoken', 'text'),
    column('quantity', 'int4', { notNull: true }),
    column('doubled', 'int4', { generated: true }),
    column('label', 'varchar', { length: 20, generated: true }),
  ]),
  relation('app', 'dropped', [
    column('a', 'int4', { order: 2 }),
    column('b', 'text', { order: 4, description: 'b, after a dropped one' }),
    column('c', 'date', { order: 6 }),
  ]),
  relation('app', 'no_columns', []),
  relation('app', 'lost_all', []),
  relation('app', 'unlogged', [a]),
  relation('app', 'people', [column('name', 'text', id), column('born', 'date')], { typed: true }),
  // Plain inheritance makes no partitions.
  relation('app', 'animals', [column('name', 'text', { notNull: true }), column('legs', 'int2')]),
  relation('app', 'birds', [
    column('name', 'text', { notNull: true }),
    column('legs', 'int2'),
    column('can_fly', 'bool'),
  ]),
  relation('app', 'fish', [
    column('name', 'text', { notNull: true }),
    column('legs', 'int2'),
    column('water', 'varchar', { length: 5 }),
  ]),
  relation('app', 'temp_load', [a]),
  relation('app', 'Temp_load', [a]),
  relation('app', 'temp_view', [column('one', 'int4')], { kind: 'VIEW' }),
  relation('app', 'analysed_empty', [a], { rowCount: 0 }),
  // 500 rows in 3 pages when it was analysed, 5 pages since: 500 / 3 × 5.
  relation('app', 'grown', [a], { rowCount: 833 }),
  relation('app', 'unlike_us', [a]),
  relation('app', 'orphan', [a]),
  relation('app_extra', 'orders', [column('id', 'int4', id)]),
  relation('pgbook', 'page', [column('id', 'int4')]),
  relation('only_view', 'one', [column('one', 'int2')], { kind: 'VIEW' }),

  relation(
    'app',
    'totals',
    [
      column('customer_id', 'int4'),
      column('total', 'numeric', { description: 'a column of a view' }),
      column('orders', 'int8'),
    ],
    { kind: 'VIEW', description: 'Totals by customer' },
  ),
  relation(
    'app',
    'orders_to_write',
    [
      column('id', 'int8'),
      column('customer_id', 'int4'),
      column('total', 'numeric', { precision: 10, scale: 2 }),
    ],
    { kind: 'VIEW', insertable: true },
  ),
  relation('app', 'totals_by_trigger', [column('orders', 'int8')], { kind: 'VIEW' }),
  relation('app', 'totals_by_rule', [column('orders', 'int8')], { kind: 'VIEW', insertable: true }),
  relation('app', 'up_to_three', [column('n', 'int4')], { kind: 'VIEW' }),
  relation(
    'app',
    'stored_totals',
    [column('customer_id', 'int4'), column('total', 'numeric'), column('orders', 'int8')],
    { kind: 'MATERIALIZED VIEW', description: 'stored', rowCount: 3 },
  ),
  relation('app', 'not_filled', [column('x', 'varchar', { length: 3 })], { kind: 'MATERIALIZED VIEW' }),

  relation('twins_a', 't', [column('a', 'int4', id)]),
  relation('twins_b', 't', [column('b', 'text', { notNull: true })]),
  relation('twins_a', 'v', [a], { kind: 'VIEW', insertable: true }),
  relation('twins_b', 'v', [column('b', 'text'), column('source', 'text')], {
    kind: 'VIEW',
    insertable: true,
  }),
  relation('twins_a', 'm', [column('source', 'text')], { kind: 'MATERIALIZED VIEW' }),
  relation('twins_b', 'm', [column('source', 'text')], { kind: 'MATERIALIZED VIEW' }),

  relation('ext', 'csv', [a, column('b', 'varchar', { notNull: true, length: 7 })], {
    kind: 'FOREIGN TABLE',
    insertable: false,
  }),
  relation('ext', 'remote', [a], { kind: 'FOREIGN TABLE', insertable: true }),
  relation('ext', 'remote_to_read', [a], { kind: 'FOREIGN TABLE', insertable: false }),
];

/** What postgres-18.sql adds. */
export const postgres18Facts: RelationFact[] = [
  relation('app', 'virtual', [
    column('a', 'int4', { notNull: true }),
    column('doubled', 'int4', { generated: true }),
  ]),
  relation('app', 'rooms', [column('room', 'int4range', id), column('during', 'daterange', id)]),
  relation('app', 'bookings', [
    column('room', 'int4range', { foreign: true }),
    column('during', 'daterange', { foreign: true }),
  ]),
];
