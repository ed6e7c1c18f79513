import type { RoutineFact } from './facts.ts';
import { GREETINGS } from './facts-names.ts';

/** What one's own role made. */
function own(schema: string, name: string, body: string, overload?: string): RoutineFact {
  return { schema, name, body, overload, owner: 'ferry_owner' };
}

/** What the superuser made, or the server for a type of range. */
function system(schema: string, name: string, body: string, overload?: string): RoutineFact {
  return { schema, name, body, overload, owner: 'postgres' };
}

/** Every routine but those of the role `rdsdb`, whose are left out. */
export function routineFacts(major: number): RoutineFact[] {
  return [
    own('app', 'add_numbers', '\nBEGIN\n    RETURN a + b;\nEND;\n'),
    own('only_routine', 'add_numbers', 'SELECT $1'),
    own('app', 'twice', 'SELECT n * 2', 'integer'),
    own('app', 'twice', 'SELECT t || t', 'text, text[]'),
    own('app', 'twice', 'SELECT 2', 'app.mood, timestamp with time zone, "char"'),
    own('app', 'twice', 'SELECT 0', ''),
    own('app', 'twice', 'SELECT 22', 'character varying'),
    own('app', 'add_up', 'SELECT state + next'),
    own('app', 'total_of', 'SELECT $1', 'text'),
    own('app', 'total_of', 'aggregate_dummy', 'integer'),
    own('app', 'do_it', ' BEGIN a := 1; END '),
    own('app', 'on_insert', 'BEGIN RETURN NEW; END'),
    // The bodies of SQL's standard are kept as trees, not as text.
    ...['standard', 'returned'].map((name) => own('app', name, major >= 14 ? '' : 'SELECT a + 1')),
    own('app', 'many_rows', "SELECT 1, '<b>kept</b>'"),
    own(GREETINGS, `Prüf/"it" 🐘`, 'SELECT 1 -- "ü" \\ 🐘'),
    { schema: 'app', name: 'orphan', body: 'SELECT 3', owner: 'Rolle ohne Login' },
    system('app', 'in_c', 'citext_eq'),
    system('app', 'row_number_too', 'window_row_number'),
    system('app', 'span', 'range_constructor2', 'double precision, double precision'),
    system('app', 'span', 'range_constructor3', 'double precision, double precision, text'),
    ...(major >= 14
      ? [
          system('app', 'span_multirange', 'multirange_constructor0', ''),
          system('app', 'span_multirange', 'multirange_constructor1', 'app.span'),
          system('app', 'span_multirange', 'multirange_constructor2', 'app.span[]'),
        ]
      : []),
    ...['file_fdw_handler', 'file_fdw_validator'].map((name) => system('ext', name, name)),
    ...['handler', 'validator', ...(major >= 14 ? ['disconnect', 'disconnect_all'] : [])]
      .map((name) => `postgres_fdw_${name}`)
      .map((name) => system('ext', name, name)),
    ...(major >= 14
      ? [
          system(
            'ext',
            'postgres_fdw_get_connections',
            major >= 18 ? 'postgres_fdw_get_connections_1_2' : 'postgres_fdw_get_connections',
          ),
        ]
      : []),
  ];
}
