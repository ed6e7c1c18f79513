import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import type { JobIndex } from '../../shared/api/job-index.ts';
import { AtlanError, refusalOf, wrongField } from '../../shared/atlan/answers.ts';
import type { CatalogProbes } from '../../shared/atlan/atlan-dependencies.ts';
import type { CatalogTarget } from '../../shared/atlan/sent-credentials.ts';
import type { CatalogEntry } from '../../shared/checks/probe-catalog.ts';
import type { ProbeRequest } from '../../shared/checks/probe-request.ts';
import { unknownNameMessage } from '../../shared/config/unknown-name.ts';
import type { Preflight } from '../../shared/extraction/catalog/preflight.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';

// API Gateway gives up after 29 s.
const ANSWER_MS = 26_000;

const answerSchema = z.union([
  z.object({ probed: z.unknown() }),
  z.object({ refused: z.object({ class: z.string(), message: z.string(), hint: z.string().optional() }) }),
]);

type Question = ProbeRequest extends infer Request
  ? Request extends ProbeRequest
    ? Omit<Request, 'job' | 'source'>
    : never
  : never;

export interface FunctionProbesOptions {
  /** Must not try again: a second try would only wait a second time. */
  lambda: Pick<LambdaClient, 'send'>;
  readJobs: () => Promise<JobIndex>;
  /** Name of the function that runs a job. */
  functionOf: (job: string) => Promise<string>;
  logger: Logger;
}

/** Asks the servers of sources from the functions that may reach them: each is that of an extraction of the source. */
export function createFunctionProbes({
  lambda,
  readJobs,
  functionOf,
  logger,
}: FunctionProbesOptions): CatalogProbes {
  const ask = async (target: CatalogTarget, question: Question): Promise<unknown> => {
    const source = sourceOf(target);
    const job = extractionOf(await readJobs(), source);
    const FunctionName = await functionOf(job);
    const Payload = Buffer.from(JSON.stringify({ job, source, ...question }));
    const answer = await lambda
      .send(new InvokeCommand({ FunctionName, Payload }), { abortSignal: AbortSignal.timeout(ANSWER_MS) })
      .catch((error: unknown) => {
        throw explain(error, { job, logger });
      });
    if (answer.FunctionError !== undefined)
      throw new AtlanError(502, `The function of the extraction "${job}" failed: see its log.`);
    const parsed = answerSchema.safeParse(JSON.parse(answer.Payload?.transformToString() ?? 'null'));
    if (!parsed.success)
      throw new AtlanError(
        502,
        `The function of the extraction "${job}" is of another release: deploy the stack again.`,
      );
    if ('refused' in parsed.data) throw refusalOf(parsed.data.refused);
    return parsed.data.probed;
  };
  return {
    async signIn(target) {
      await ask(target, { probe: 'sign-in' });
    },
    async list(target, wanted, database) {
      const question = { probe: 'list' as const, wanted, ...(database === undefined ? {} : { database }) };
      return (await ask(target, question)) as CatalogEntry[];
    },
    async check(target, { include, exclude, tempTableRegex }) {
      const filters = { include: copyOf(include), exclude: copyOf(exclude), tempTableRegex };
      return (await ask(target, { probe: 'check', filters })) as Preflight;
    },
  };
}

const copyOf = (filter: Readonly<Record<string, '*' | readonly string[]>>) =>
  Object.fromEntries(
    Object.entries(filter).map(([name, schemas]) => [name, schemas === '*' ? schemas : [...schemas]]),
  );

function sourceOf(target: CatalogTarget): string {
  if ('source' in target) return target.source;
  throw new AtlanError(
    422,
    'This API takes no credentials: name a source of the configuration as credential_guid. Credentials are for ferry serve.',
  );
}

/** An extraction that reads the source: its function has the way to it, and may read its secret. */
function extractionOf(jobs: JobIndex, source: string): string {
  const extractions = Object.entries(jobs).filter(([, { workflow }]) => workflow !== undefined);
  const found = extractions.find(([, { sources }]) => sources?.includes(source));
  if (found) return found[0];
  const names = [...new Set(extractions.flatMap(([, { sources = [] }]) => sources))];
  throw wrongField(['credential_guid'], unknownNameMessage('source of an extraction', source, names));
}

function explain(error: unknown, { job, logger }: { job: string; logger: Logger }): AtlanError {
  const reason = error instanceof Error ? error.name : 'unknown error';
  if (reason === 'TimeoutError' || reason === 'AbortError')
    return new AtlanError(504, 'The database has not answered within 26 seconds.');
  logger.error({ job, reason }, 'the function of an extraction could not be asked');
  return new AtlanError(503, `The function of the extraction "${job}" could not be asked (${reason}).`, {
    headers: { 'retry-after': '5' },
  });
}
