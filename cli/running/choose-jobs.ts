import { isPattern } from '../../shared/config/rules/extraction-sources.ts';
import type { FerryConfig } from '../../shared/config/schema/ferry-config.ts';
import { ConfigError } from '../../shared/errors.ts';
import { matchesStars } from '../../shared/text/matches-stars.ts';
import { unknownJob } from './unknown-job.ts';

/** Whether a command line asks for several jobs, even if only one turns out to match. */
export const asksForSeveral = (names: readonly string[], all: boolean) =>
  all || names.length > 1 || names.some(isPattern);

/** The jobs to run, and those that `--all` leaves out. */
export interface ChosenJobs {
  jobs: string[];
  /** Switched off in the file (`enabled: false`), as for those who keep their schedules. */
  switchedOff: string[];
}

/**
 * The jobs that names and patterns stand for, each once, in the order of the file.
 *
 * @throws ConfigError for one that stands for none, and where all are switched off
 */
export function chooseJobs(names: readonly string[], all: boolean, config: FerryConfig): ChosenJobs {
  const jobs = [...Object.keys(config.syncs), ...Object.keys(config.extractions)];
  if (all && names.length > 0) throw new ConfigError('Give either names or --all.');
  if (!all && names.length === 0) {
    throw new ConfigError('Which job is to run? Name it, or run all of them with --all.', {
      hint: `The jobs are: ${jobs.join(', ')}.`,
    });
  }
  if (all) return allJobs(jobs, config);
  const chosen = new Set<string>();
  for (const name of names) {
    const found = isPattern(name)
      ? jobs.filter((job) => matchesStars(name, job))
      : jobs.filter((job) => job === name);
    if (found.length === 0 && isPattern(name)) {
      throw new ConfigError(`"${name}" matches no job.`, { hint: `The jobs are: ${jobs.join(', ')}.` });
    }
    if (found.length === 0) throw unknownJob(name, config);
    for (const job of found) chosen.add(job);
  }
  return { jobs: jobs.filter((job) => chosen.has(job)), switchedOff: [] };
}

function allJobs(jobs: readonly string[], { syncs, extractions }: FerryConfig): ChosenJobs {
  const isOff = (job: string) => (syncs[job] ?? extractions[job])?.schedule?.enabled === false;
  const switchedOff = jobs.filter(isOff);
  const chosen = jobs.filter((job) => !isOff(job));
  if (chosen.length === 0 && switchedOff.length > 0) {
    throw new ConfigError('All jobs are switched off (schedule: { enabled: false }).', {
      hint: `A job that you name runs all the same: ${switchedOff.join(', ')}.`,
    });
  }
  return { jobs: chosen, switchedOff };
}
