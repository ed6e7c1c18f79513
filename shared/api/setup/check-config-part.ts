import { findReservedNames } from '../../config/config-problems.ts';
import { findProblems } from '../../config/find-problems.ts';
import type { Scheduler } from '../../config/schedule/eventbridge-schedule.ts';
import type { ConfigPart, Setup, WrittenConfig } from './setup-schemas.ts';
import { writeConfigPart } from './write-config-part.ts';

type Problem = WrittenConfig['problems'][number];

/** What the configuration has already, as far as new lines may refer to it. */
export type KnownNames = Pick<Setup, 'sources' | 'targets' | 'jobs'>;

/**
 * What is wrong with new lines of ferry.yaml, as `ferry validate` would say it when they are added to what is there.
 *
 * @param raw the part as it was sent, which may have names that a parsed one has lost
 */
export function checkConfigPart(
  part: ConfigPart,
  raw: unknown,
  { sources, targets, jobs }: KnownNames,
  scheduler: Scheduler,
): Problem[] {
  const reserved = findReservedNames(raw).map(({ path, message }) => ({ path, message }));
  if (reserved.length > 0) return reserved;
  const taken = [
    ...takenNames('sources', part.sources, new Set(sources.map(({ name }) => name))),
    ...takenNames('polyteia', part.polyteia, new Set(targets)),
    ...takenNames('syncs', part.syncs, new Set(jobs)),
    ...takenNames('extractions', part.extractions, new Set(jobs)),
  ];
  const whole = {
    ...part,
    sources: {
      ...Object.fromEntries(sources.map(({ name, type }) => [name, standIn(type)])),
      ...part.sources,
    },
    polyteia: {
      ...Object.fromEntries(targets.map((name) => [name, { token: 'known' }])),
      ...part.polyteia,
    },
  };
  const text = `version: 1\n${writeConfigPart(whole) || 'sources: {}\n'}`;
  const { problems, fault } = findProblems(text, 'ferry.yaml', scheduler);
  const unreadable = fault?.explanations[0]?.message;
  return [
    ...taken,
    ...(unreadable === undefined ? [] : [{ path: '', message: unreadable }]),
    ...problems.map(({ path, message }) => ({ path, message })),
  ];
}

const takenNames = (group: string, given: object | undefined, known: ReadonlySet<string>): Problem[] =>
  Object.keys(given ?? {})
    .filter((name) => known.has(name))
    .map((name) => ({ path: `${group}.${name}`, message: 'this name is taken: choose another one' }));

/** In place of a source that is configured already: nothing about it is to be checked again. */
const standIn = (type: Setup['sources'][number]['type']) => ({
  // One that is read by ODBC may be of any kind.
  type: type === 'mysql' ? 'mysql' : 'postgres',
  host: 'known',
  database: 'known',
  auth: { type: 'password', secret: 'known' },
});
