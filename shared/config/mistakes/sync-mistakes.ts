import { guards as guardsSchema } from '../schema/guards.ts';
import { columnTypeFor } from './column-types.ts';
import { cronCandidates } from './cron-candidates.ts';
import { asWritten, groupsIn, inQuotes, isPlain, type Mistake, type Plain } from './mistake.ts';
import { isShowable } from './showable.ts';

const QUERIES = ['query', 'duckdbQuery'] as const;
const QUERY_FIELDS = ['sql', 'statement', 'select', 'sqlQuery', 'SQL'];
const FILE_FIELDS = ['queryFile', 'sqlFile', 'file', 'query_file', 'sql_file'];
const GUARD_FIELDS = Object.keys(guardsSchema.shape);

/** What is wrong with the syncs, and with the schedules of extractions. */
export function findSyncMistakes(raw: Plain): Mistake[] {
  return [
    ...groupsIn(raw.syncs).flatMap(([name, sync]) => {
      const at = ['syncs', name];
      return [
        ...queryMistakes(sync, at),
        ...guardMistakes(sync, at),
        ...scheduleMistakes(sync, at),
        ...datasetMistakes(sync, at),
        ...columnMistakes(sync, at),
      ];
    }),
    ...groupsIn(raw.extractions).flatMap(([name, job]) => [
      ...scheduleMistakes(job, ['extractions', name]),
      ...filterMistakes(job, { at: ['extractions', name], sources: raw.sources }),
    ]),
  ];
}

function queryMistakes(sync: Plain, at: string[]): Mistake[] {
  const given = QUERIES.filter((field) => field in sync);
  const other = QUERY_FIELDS.find((field) => field in sync);
  if (given.length === 2) {
    const message =
      'query and duckdbQuery: expected one of them; query runs in the database itself, duckdbQuery in DuckDB over `db`. Remove the other';
    return [{ at: [...at, 'duckdbQuery'], message, claims: [[...at, 'query']] }];
  }
  const claims = [[...at, 'query']];
  if (given.length === 0 && other !== undefined) {
    const value = sync[other];
    const write = isShowable(value)
      ? [asWritten(value), inQuotes(value)].map((text) => `query: ${text}`)
      : ['query:'];
    return [{ at: [...at, other], message: 'the field is called query', write, claims }];
  }
  if (given.length > 0) return [];
  const file = FILE_FIELDS.find((field) => field in sync);
  if (file !== undefined) {
    const message = 'Ferry reads no SQL files: write the query itself below query: |';
    return [{ at: [...at, file], message, claims }];
  }
  const { table } = sync;
  if (table !== undefined) {
    const write =
      typeof table === 'string' && /^[\w.]+$/.test(table) ? { write: `query: SELECT * FROM ${table}` } : {};
    const message = 'a sync reads a query, not a table: replace the line';
    return [{ at: [...at, 'table'], message, claims, ...write }];
  }
  return [{ at: [...at, 'query'], message: 'missing: what to read, such as query: SELECT * FROM orders' }];
}

function guardMistakes(sync: Plain, at: string[]): Mistake[] {
  const outside = GUARD_FIELDS.filter((field) => field in sync && field !== 'columns');
  const [first] = outside;
  const mistakes: Mistake[] = [];
  if (first !== undefined) {
    const fields = outside.map((field) => `${field}: ${sync[field]}`);
    const write = outside.every((field) => isShowable(sync[field]))
      ? { write: `guards: { ${fields.join(', ')} }` }
      : {};
    const message =
      outside.length === 1 ? `${first} belongs to guards` : `${outside.join(' and ')} belong to guards`;
    const claims = outside.map((field) => [...at, field]);
    // The group may be there, with nothing below it.
    if (sync.guards === null) claims.push([...at, 'guards']);
    mistakes.push({ at: [...at, first], message, claims, ...write });
  }
  const { maxRowChange: change } = isPlain(sync.guards) ? sync.guards : {};
  const { minRows: least, maxRows: most } = isPlain(sync.guards) ? sync.guards : {};
  if (typeof least === 'number' && typeof most === 'number' && least > most) {
    const message = `${most} is less than minRows: ${least}, so no result would ever pass`;
    mistakes.push({ at: [...at, 'guards', 'maxRows'], message });
  }
  if (change === null || typeof change === 'boolean' || typeof change === 'object') {
    const given =
      change === null
        ? 'is empty'
        : isPlain(change)
          ? 'is a group of fields'
          : Array.isArray(change)
            ? 'is a list'
            : String(change);
    const message = `${given}; expected a share of the last result’s rows, up or down, such as 50%`;
    mistakes.push({ at: [...at, 'guards', 'maxRowChange'], message });
  }
  const percent = percentOf(change);
  if (percent !== undefined) {
    const message = `${JSON.stringify(change)}: expected a share of the last result’s rows`;
    mistakes.push({ at: [...at, 'guards', 'maxRowChange'], message, write: `maxRowChange: ${percent}%` });
  }
  return mistakes;
}

/** The per cent that were meant; undefined for what is right, or cannot be told. */
function percentOf(change: unknown): number | undefined {
  if (typeof change === 'number')
    return change > 0 && change < 1 ? Math.round(change * 10_000) / 100 : change;
  const [, number] =
    typeof change === 'string'
      ? (/^(\d+(?:\.\d+)?)(?:\s+%|\s*(?:percent|Prozent))?$/.exec(change) ?? [])
      : [];
  return number === undefined ? undefined : Number(number);
}

const ONE_SCHEDULE =
  'is a list; a job has one schedule: name several times in one expression, such as 45 2,14 * * *';

function scheduleMistakes(job: Plain, at: string[]): Mistake[] {
  const { schedule, cron } = job;
  const path = [...at, 'schedule'];
  if (typeof schedule === 'string') {
    const message = 'is text; expected a group of fields';
    return [{ at: path, message, write: scheduleLines(schedule) }];
  }
  if (Array.isArray(schedule)) {
    return [{ at: path, message: ONE_SCHEDULE }];
  }
  if (cron !== undefined && schedule === undefined) {
    const zone =
      typeof job.timezone === 'string' && isShowable(job.timezone) ? `, timezone: ${job.timezone}` : '';
    const message = 'cron belongs to schedule';
    return [
      { at: [...at, 'cron'], message, write: scheduleLines(cron, zone), claims: [[...at, 'timezone']] },
    ];
  }
  if (!isPlain(schedule)) return [];
  const { cron: text, disabled, timezone, tz } = schedule;
  const mistakes: Mistake[] = [];
  if (Array.isArray(text)) mistakes.push({ at: [...path, 'cron'], message: ONE_SCHEDULE });
  if (typeof text === 'string' && /[“”„‟«»‘’]/.test(text)) {
    const message = 'typographic quotes are part of the text: expected plain ones';
    mistakes.push({
      at: [...path, 'cron'],
      message,
      write: cronCandidates(text).map((one) => `cron: ${inQuotes(one)}`),
    });
  }
  if (typeof disabled === 'boolean' && !('enabled' in schedule)) {
    const message = 'the field is called enabled, and says the opposite';
    mistakes.push({ at: [...path, 'disabled'], message, write: `enabled: ${!disabled}` });
  }
  if (tz !== undefined && timezone === undefined) {
    const write = isShowable(tz) ? { write: `timezone: ${asWritten(tz)}` } : {};
    mistakes.push({ at: [...path, 'tz'], message: 'the field is called timezone', ...write });
  }
  return mistakes;
}

const scheduleLines = (cron: unknown, zone = '') =>
  isShowable(cron)
    ? [String(cron), ...cronCandidates(String(cron))].map(
        (one) => `schedule: { cron: ${inQuotes(one)}${zone} }`,
      )
    : [];

/** Schemas without the database that they are in, or as a list. */
function filterMistakes(job: Plain, { at, sources }: { at: string[]; sources: unknown }): Mistake[] {
  const field = ['schemas', 'schema'].find((one) => one in job);
  const given = field ?? (Array.isArray(job.include) ? 'include' : undefined);
  if (given === undefined) return [];
  const value = job[given];
  const schemas = (Array.isArray(value) ? value : [value]).filter(
    (one) => typeof one === 'string' && /^\w+$/.test(one),
  );
  const message =
    given === 'include'
      ? 'is a list; expected the schemas by database, as regular expressions'
      : 'the schemas belong to include, by database, as regular expressions';
  const path = [...at, given];
  if (schemas.length === 0 || (given !== 'include' && 'include' in job)) return [{ at: path, message }];
  const names = Array.isArray(job.sources) ? job.sources : [];
  const source = names.length === 1 && isPlain(sources) ? sources[String(names[0])] : undefined;
  const database = isPlain(source) && source.type !== 'mysql' ? source.database : undefined;
  const key = typeof database === 'string' && /^\w+$/.test(database) ? `^${database}$` : '.*';
  const list = schemas.map((one) => inQuotes(`^${one}$`)).join(', ');
  return [{ at: path, message, write: `include: { ${inQuotes(key)}: [${list}] }` }];
}

function datasetMistakes({ dataset }: Plain, at: string[]): Mistake[] {
  const path = [...at, 'dataset'];
  if (dataset === undefined)
    return [
      {
        at: path,
        message:
          'missing: the id of the dataset, which is in its address in Polyteia, such as ds_cv4t2cf0i6q1gflvu4m0',
      },
    ];
  if (typeof dataset !== 'string' || /^ds_[A-Za-z0-9]+$/.test(dataset)) return [];
  const [, inUrl] = /^https?:\/\/[^\s@]*[/=](ds_[A-Za-z0-9]+)/.exec(dataset) ?? [];
  if (inUrl !== undefined)
    return [{ at: path, message: 'is an address; expected the id in it', write: `dataset: ${inUrl}` }];
  if (/^[a-z0-9]{20}$/.test(dataset))
    return [
      {
        at: path,
        message: `"${dataset}": expected a dataset id, which begins with ds_`,
        write: `dataset: ds_${dataset}`,
      },
    ];
  return [];
}

function columnMistakes({ columns }: Plain, at: string[]): Mistake[] {
  if (Array.isArray(columns) && columns.every((name) => isShowable(name))) {
    const message = 'columns gives types to columns by name; those that must be there belong to guards';
    const names = columns.map((name) => (/^[A-Za-z_]\w*$/.test(String(name)) ? name : inQuotes(name)));
    return [{ at: [...at, 'columns'], message, write: `guards: { columns: [${names.join(', ')}] }` }];
  }
  if (!isPlain(columns)) return [];
  return Object.entries(columns).flatMap(([name, type]) => {
    if (typeof type !== 'string') return [];
    const right = columnTypeFor(type);
    if (right === undefined) return [];
    const value = right.includes(',') ? inQuotes(right) : right;
    return [
      {
        at: [...at, 'columns', name],
        message: `"${type}": Ferry's name for it is ${right}`,
        write: `${name}: ${value}`,
      },
    ];
  });
}
