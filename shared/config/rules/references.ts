import type { DescribedProblem } from '../config-problems.ts';
import { NAME_FORM } from '../job-name.ts';
import { cronCandidates } from '../mistakes/cron-candidates.ts';
import { missingTarget } from '../mistakes/layout-mistakes.ts';
import { groupsIn, inQuotes, isPlain, type Plain } from '../mistakes/mistake.ts';
import { isSecretPath, isShowable, shownPath } from '../mistakes/showable.ts';
import { nearestName } from '../nearest-name.ts';
import { type Scheduler, toEventBridgeSchedule } from '../schedule/eventbridge-schedule.ts';
import { parseSchedule } from '../schedule/parse-schedule.ts';
import type { FerryConfig } from '../schema/ferry-config.ts';
import { unknownNameMessage } from '../unknown-name.ts';
import { messageOfRefusal } from './aws-schedule-warnings.ts';
import { findNetworkProblem } from './extraction-network.ts';
import { findSharedOutputs } from './extraction-outputs.ts';
import { findDatabaseProblems, findSourceProblems } from './extraction-sources.ts';
import { findOdbcSyncProblems } from './odbc-syncs.ts';

const problem = (at: string[], message: string, candidates: string[] = []): DescribedProblem => ({
  at,
  path: shownPath(at),
  message,
  candidates,
});

/**
 * What one field alone does not show, in a file that may have other problems: names that nothing has, names that are
 * there twice, and cron expressions that cannot be scheduled.
 *
 * @param input the file with its defaults
 */
export function findNameProblems(input: unknown, scheduler: Scheduler): DescribedProblem[] {
  if (!isPlain(input)) return [];
  const jobs = new Map<string, string>();
  return [
    ...targetProblems(input),
    ...groupsIn(input.syncs).flatMap(([job, sync]) => {
      const { source } = sync;
      if (typeof source !== 'string' || !isPlain(input.sources)) return [];
      // A name that is wrong itself may be the one.
      if (!Object.keys(input.sources).every((name) => NAME_FORM.test(name))) return [];
      const at = ['syncs', job, 'source'];
      return Object.hasOwn(input.sources, source)
        ? []
        : [unknown(at, 'source', source, Object.keys(input.sources))];
    }),
    ...(['syncs', 'extractions'] as const).flatMap((group) =>
      groupsIn(input[group]).flatMap(([job, { schedule }]) => [
        ...twinProblems([group, job], jobs),
        ...cronProblems([group, job, 'schedule', 'cron'], schedule, scheduler),
      ]),
    ),
  ];
}

/** A name that nothing has, with the one that was meant. */
function unknown(at: string[], kind: string, word: string, names: readonly string[]): DescribedProblem {
  const nearest = nearestName(word, names) ?? (names.length === 1 ? names[0] : undefined);
  if (!isShowable(word)) return problem(at, `unknown ${kind}`);
  return problem(
    at,
    unknownNameMessage(kind, word, names),
    nearest === undefined ? [] : [`${at.at(-1)}: ${nearest}`],
  );
}

function targetProblems({ syncs, polyteia }: Plain): DescribedProblem[] {
  const targets = Object.keys(isPlain(polyteia) ? polyteia : {});
  const used = groupsIn(syncs).map(([job, sync]) => ({
    job,
    target: sync.polyteia ?? 'default',
    own: 'polyteia' in sync,
  }));
  const missing = used.filter(({ target }) => typeof target === 'string' && !targets.includes(target));
  if (missing.length === 0 || (polyteia !== undefined && !isPlain(polyteia))) return [];
  if (targets.length === 0) {
    const { at, message, write } = missingTarget('missing: where the syncs upload to');
    return [problem(at, message, [String(write)])];
  }
  const own = missing.filter((one) => one.own);
  const others = missing.length - own.length;
  const named = own.map(({ job, target }) =>
    unknown(['syncs', job, 'polyteia'], 'Polyteia target', String(target), targets),
  );
  if (others === 0) return named;
  const [only = ''] = targets;
  const told = `no target is called "default", to which syncs without a field "polyteia" upload (${others} of them)`;
  if (targets.length > 1) return [problem(['polyteia'], told), ...named];
  const message = `${told}: call this one default, or write polyteia: ${only} in each of these syncs`;
  return [problem(['polyteia', only], message, ['default:']), ...named];
}

// S3 keys, CloudFormation's logical ids and every file system must be able to distinguish two jobs.
function twinProblems(at: string[], jobs: Map<string, string>): DescribedProblem[] {
  const job = at.at(-1) ?? '';
  const twin = jobs.get(job.toLowerCase());
  jobs.set(job.toLowerCase(), job);
  if (twin === undefined) return [];
  const message =
    twin === job
      ? 'is also the name of a sync: choose another name'
      : `differs from "${twin}" only in case: choose another name`;
  return [problem(at, message)];
}

function cronProblems(at: string[], schedule: unknown, scheduler: Scheduler): DescribedProblem[] {
  if (!isPlain(schedule) || typeof schedule.cron !== 'string' || schedule.cron === '') return [];
  const { cron } = schedule;
  const message = messageOfRefusal(() =>
    scheduler === 'eventbridge' ? toEventBridgeSchedule({ cron, timezone: 'UTC' }) : parseSchedule(cron),
  );
  if (message === undefined) return [];
  if (!isShowable(cron.replace(/^@/, '')) || isSecretPath(at))
    return [problem(at, 'this text: expected a cron expression')];
  return [
    problem(
      at,
      message,
      cronCandidates(cron).map((one) => `cron: ${inQuotes(one)}`),
    ),
  ];
}

/** What only a file without other problems shows. */
export function findReferenceProblems(config: FerryConfig): DescribedProblem[] {
  return [
    ...Object.entries(config.syncs).flatMap(([job, sync]) =>
      findOdbcSyncProblems(config, sync).map(({ field, message }) => problem(['syncs', job, field], message)),
    ),
    ...Object.entries(config.extractions).flatMap(([job, extraction]) => {
      const unknownSources = findSourceProblems(config, extraction);
      const divided = unknownSources.length === 0 ? findNetworkProblem(config, extraction) : undefined;
      const at = ['extractions', job, 'sources'];
      return [
        ...unknownSources.map(({ index, message }) => problem([...at, String(index)], message)),
        ...findDatabaseProblems(config, extraction).map(({ index, message }) =>
          problem(['extractions', job, 'databases', String(index)], message),
        ),
        ...(divided === undefined ? [] : [problem(at, divided)]),
      ];
    }),
    ...findSharedOutputs(config).map(({ job, message }) => problem(['extractions', job], message)),
  ];
}
