import { formatTable } from '../cli/output/output.ts';
import { formatCount } from '../shared/text/format.ts';
import { type Measured, runOnce } from './extraction-report.ts';
import { cpuTimes, median } from './measured-process.ts';

/** Of an empty database, and of each of many. */
const TARGET_SECONDS = 0.1;

/** The jobs of {@link measureFixedCosts}: what each has of databases and entities. */
export interface FixedJob {
  name: string;
  databases: number;
  entities: number;
}

/** The databases of the second job. Each has a schema with as many tables of four columns. */
export const SMALL_TABLES = 3;
const SMALL_COLUMNS = 4;

/** SQL for one small database. */
export const createSmallTables = (): string =>
  Array.from(
    { length: SMALL_TABLES },
    (_, index) =>
      `CREATE TABLE größe_${index + 1} (id bigint PRIMARY KEY, name varchar(255), price decimal(12,2), day date);`,
  ).join('\n');

/** The database, its schema, its tables and their columns. */
export const SMALL_ENTITIES = 2 + SMALL_TABLES * (1 + SMALL_COLUMNS);

/**
 * What an extraction costs besides its entities: `ferry run` for one empty database, and for many small ones, in turns.
 * The difference, divided, is what each database costs.
 *
 * @param server the process id of the server
 */
export async function measureFixedCosts(
  folder: string,
  [empty, many]: readonly [FixedJob, FixedJob],
  { repeat, server, name }: { repeat: number; server: number; name: string },
): Promise<void> {
  const samples = new Map<string, (Measured & { serverCpuSeconds: number })[]>();
  for (let round = 0; round < repeat; round += 1) {
    for (const job of [empty, many]) {
      const before = await cpuTimes(server);
      const measured = await runOnce(folder, job.name, job.entities);
      const after = await cpuTimes(server);
      const serverCpuSeconds = after.own + after.children - before.own - before.children;
      samples.set(job.name, [...(samples.get(job.name) ?? []), { ...measured, serverCpuSeconds }]);
    }
  }
  const of = (job: FixedJob, key: 'seconds' | 'cpuSeconds' | 'peakMiB' | 'serverCpuSeconds') =>
    median((samples.get(job.name) ?? []).map((sample) => sample[key]));
  const each = (key: 'seconds' | 'cpuSeconds' | 'serverCpuSeconds') =>
    (of(many, key) - of(empty, key)) / (many.databases - empty.databases);
  const lineOf = (label: string, job: FixedJob) => [
    label,
    of(job, 'seconds').toFixed(2),
    of(job, 'cpuSeconds').toFixed(2),
    of(job, 'serverCpuSeconds').toFixed(2),
    of(job, 'peakMiB').toFixed(0),
  ];
  const rows = [
    lineOf('an empty database', empty),
    lineOf(`${formatCount(many.databases, 'database')}, ${SMALL_TABLES} tables each`, many),
    [
      'each further database',
      ...(['seconds', 'cpuSeconds', 'serverCpuSeconds'] as const).map((key) => each(key).toFixed(3)),
      '',
    ],
  ];
  process.stdout.write(
    `\nWhat an extraction from ${name} costs besides its entities, median of ${repeat}\n\n${formatTable(
      ['', 'SECONDS', 'CPU s', 'SERVER CPU s', 'PEAK MiB'],
      rows,
      [1, 2, 3, 4],
    )}\n\nTarget: at most ${TARGET_SECONDS} s for each further database: ${each('seconds').toFixed(3)} s, ${
      each('seconds') <= TARGET_SECONDS ? 'met' : 'MISSED'
    }\n`,
  );
}
