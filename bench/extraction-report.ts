import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatTable } from '../cli/output/output.ts';
import { runRecordSchema } from '../shared/runs/records/run-record.ts';
import { formatCount } from '../shared/text/format.ts';
import { measureFerry } from './measured-process.ts';

/** The sizes of the catalogs. */
export const TABLES = [1_000, 10_000];
/** Of the smaller catalog. */
const TARGET = { seconds: 3, peakMiB: 350 };
/** Of the one that is ten times bigger, compared with the smaller one. */
const TARGET_MEMORY_RATIO = 1.5;

/** What one catalog took, in the median. */
export interface Sample {
  tables: number;
  /**
   * Whether the server's planner knows the sizes of its own catalog; otherwise it guesses, and chooses other plans. Absent
   * where that is no question.
   */
  analysed?: boolean;
  entities: number;
  seconds: number;
  cpuSeconds: number;
  peakMiB: number;
  /** The server's log of one run. */
  statements: number;
}
/** What one run took. */
export type Measured = Omit<Sample, 'tables' | 'analysed' | 'statements'>;

/**
 * Runs an extraction once.
 *
 * @param entities how many there must be
 */
export async function runOnce(folder: string, job: string, entities: number): Promise<Measured> {
  process.stderr.write(`  ${job} …\n`);
  const out = join(folder, 'out');
  const { stdout, seconds, cpuSeconds, peakMiB } = await measureFerry(
    ['run', job, '--secrets', 'secrets.json', '--out', out, '--json'],
    folder,
  );
  const record = runRecordSchema.parse(JSON.parse(stdout));
  await rm(out, { recursive: true, force: true });
  if (record.state !== 'succeeded' || record.rows !== entities)
    throw new Error(`The run of ${job} ${record.state}, with ${record.rows} of ${entities} entities.`);
  return { entities, seconds, cpuSeconds, peakMiB };
}

/** The worst measurement of one catalog. */
function worst(
  samples: readonly Sample[],
): { entities: number; seconds: number; peakMiB: number } | undefined {
  const [first] = samples;
  if (!first) return undefined;
  const most = (key: 'seconds' | 'peakMiB') => Math.max(...samples.map((sample) => sample[key]));
  return { entities: first.entities, seconds: most('seconds'), peakMiB: most('peakMiB') };
}

/** Prints the samples, and what has become of the targets. */
export function report(samples: readonly Sample[], server: string, repeat: number): void {
  const [small, big] = TABLES.map((tables) => worst(samples.filter((sample) => sample.tables === tables)));
  const rows = samples.map(({ tables, analysed, entities, seconds, cpuSeconds, peakMiB, statements }) => [
    formatCount(tables),
    ...(analysed === undefined ? [] : [analysed ? 'yes' : 'no']),
    formatCount(entities),
    seconds.toFixed(2),
    cpuSeconds.toFixed(2),
    formatCount(Math.round(entities / seconds)),
    peakMiB.toFixed(0),
    String(statements),
  ]);
  const header = [
    'TABLES × 101',
    ...(samples[0]?.analysed === undefined ? [] : ['ANALYSED']),
    'ENTITIES',
    'SECONDS',
    'CPU s',
    'ENTITIES/s',
    'PEAK MiB',
    'STATEMENTS',
  ];
  const lines = [
    '',
    `\`ferry run\` of an extraction from ${server}, median of ${repeat}`,
    '',
    formatTable(
      header,
      rows,
      [0, ...header.keys()].filter((column) => header[column] !== 'ANALYSED'),
    ),
    '',
  ];
  const verdict = (target: string, value: string, met: boolean) =>
    lines.push(`Target: ${target}: ${value}, ${met ? 'met' : 'MISSED'}`);
  if (small) {
    verdict(`at most ${TARGET.seconds} s`, `${small.seconds.toFixed(2)} s`, small.seconds <= TARGET.seconds);
    const memory = small.peakMiB;
    verdict(`at most ${TARGET.peakMiB} MiB`, `${memory.toFixed(0)} MiB`, memory <= TARGET.peakMiB);
  }
  if (small && big) {
    const [time, size] = [big.seconds / small.seconds, big.entities / small.entities];
    const memory = big.peakMiB / small.peakMiB;
    verdict(`time no more than linear (${size.toFixed(1)} ×)`, `${time.toFixed(1)} ×`, time <= size);
    verdict(
      `memory at most ${TARGET_MEMORY_RATIO} ×`,
      `${memory.toFixed(2)} ×`,
      memory <= TARGET_MEMORY_RATIO,
    );
  }
  const counts = new Set(samples.map(({ statements }) => statements));
  verdict('as many statements for every catalog', [...counts].join(', '), counts.size === 1);
  process.stdout.write(`${lines.join('\n')}\n`);
}
