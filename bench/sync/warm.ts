import { runRecordSchema } from '../../shared/runs/records/run-record.ts';
import { measureFerry, median } from '../measured-process.ts';

/** How often the same sync runs in one process. */
const WARM_RUNS = 20;
/** Of a run in a process that has run another one. */
const GOAL_SECONDS = 0.1;

/** The names of the syncs that {@link measureWarm} runs, which are all the same. */
export const warmJobs = (form: string): string[] =>
  Array.from({ length: WARM_RUNS }, (_, index) => `warm-${form}-${index + 1}`);

/** Runs the same sync again and again in one process, and prints what the first takes, and each after that. */
export async function measureWarm(folder: string, forms: readonly string[]): Promise<void> {
  for (const form of forms) {
    const { stdout, exitCode, cpuSeconds } = await measureFerry(
      ['run', ...warmJobs(form), '--secrets', 'secrets.json', '--json'],
      folder,
    );
    if (exitCode !== 0) throw new Error(`The warm runs failed: ${stdout}`);
    const records = (JSON.parse(stdout) as unknown[]).map((record) => runRecordSchema.parse(record));
    const [first = Number.NaN, ...warm] = records.map(({ durationMs }) => (durationMs ?? Number.NaN) / 1_000);
    const seconds = median(warm);
    const phases = [...new Set(records.flatMap((record) => record.phases.map(({ name }) => name)))].map(
      (name) =>
        `${name} ${median(records.slice(1).map((record) => record.phases.find((phase) => phase.name === name)?.durationMs ?? 0))} ms`,
    );
    process.stdout.write(
      `\nIn one process, ${form}: the first run ${first.toFixed(2)} s, each of the next ${warm.length} ${seconds.toFixed(3)} s (median; fastest ${Math.min(...warm).toFixed(3)} s), ` +
        `${(cpuSeconds / records.length).toFixed(3)} CPU s a run. ${phases.join(', ')}.\n` +
        `Target: at most ${GOAL_SECONDS.toFixed(2)} s: ${seconds <= GOAL_SECONDS ? 'met' : 'MISSED'}\n`,
    );
  }
}
