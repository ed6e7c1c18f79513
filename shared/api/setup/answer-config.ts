import type { Scheduler } from '../../config/schedule/eventbridge-schedule.ts';
import { checkConfigPart, type KnownNames } from './check-config-part.ts';
import { secretStepsOf } from './secret-steps.ts';
import type { ConfigPart, WrittenConfig } from './setup-schemas.ts';
import { writeConfigPart } from './write-config-part.ts';

/**
 * The lines of ferry.yaml for new jobs, what is wrong with them, and the commands for their secrets. Loaded when asked
 * for: it brings the writer of YAML and all rules, which the API's function does not need for anything else.
 *
 * @param raw the part as it was sent
 */
export function answerConfig(
  part: ConfigPart,
  raw: unknown,
  known: KnownNames,
  scheduler: Scheduler,
): WrittenConfig {
  const problems = checkConfigPart(part, raw, known, scheduler);
  const steps = problems.length === 0 ? secretStepsOf(part) : { secrets: [], secretsFile: '' };
  return { yaml: writeConfigPart(part), problems, ...steps };
}
