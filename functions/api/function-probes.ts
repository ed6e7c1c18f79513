import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import type { JobIndex } from '../../shared/api/jobs/job-index.ts';
import { AtlanError, refusalOf, wrongField } from '../../shared/atlan/answers.ts';
import type { CatalogProbes } from '../../shared/atlan/atlan-dependencies.ts';
import type { CatalogTarget } from '../../shared/atlan/sent-credentials.ts';
import { ofAtlanError, sourceProblem } from '../../shared/atlan/source-problems.ts';
import type { CatalogEntry } from '../../shared/checks/probe-catalog.ts';
import type { DescribedQuery, DraftQuery } from '../../shared/checks/probe-columns.ts';
import type { ProbeRequest } from '../../shared/checks/probe-request.ts';
import type { QueryProbe } from '../../shared/checks/query-probe.ts';
import { unknownNameMessage } from '../../shared/config/unknown-name.ts';
import type { Preflight } from '../../shared/extraction/catalog/preflight.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';

// API Gateway gives up after 29 s.
const ANSWER_MS = 26_000;

const answerSchema = z.union([
  z.object({ probed: z.unknown() }),
  z.object({
    refused: z.object({
      class: z.string(),
      message: z.string(),
      hint: z.string().optional(),
      denied: z.boolean().optional(),
    }),
  }),
]);

type Sent = ProbeRequest | QueryProbe;
type Question = Sent extends infer Request
  ? Request extends Sent
    ? Omit<Request, 'job' | 'source'>
    : never
  : never;

/** What can be asked of the servers of sources. */
export interface FunctionProbes extends CatalogProbes {
  /** Has the server of a source prepare a query. @throws ProblemError */
  columns(source: string, draft: DraftQuery): Promise<DescribedQuery>;
}

export interface FunctionProbesOptions {
  /** Must not try again: a second try would only wait a second time. */
  lambda: Pick<LambdaClient, 'send'>;
  readJobs: () => Promise<JobIndex>;
  /** Name of the function that runs a job. */
  functionOf: (job: string) => Promise<string>;
  logger: Logger;
}

/**
 * Asks the servers of sources from the functions that may reach them: that of an extraction of the source, or for a
 * query, if there is one, of its syncs.
 */
export function createFunctionProbes({
  lambda,
  readJobs,
  functionOf,
  logger,
}: FunctionProbesOptions): FunctionProbes {
  const ask = async (target: CatalogTarget, question: Question): Promise<unknown> => {
    const source = sourceOf(target);
    const jobs = await readJobs();
    const isQuery = question.probe === 'columns';
    const job = (isQuery ? syncOf(jobs, source) : undefined) ?? extractionOf(jobs, source, isQuery);
    const FunctionName = await functionOf(job);
    const Payload = Buffer.from(JSON.stringify({ job, source, ...question }));
    const answer = await lambda
      .send(new InvokeCommand({ FunctionName, Payload }), { abortSignal: AbortSignal.timeout(ANSWER_MS) })
      .catch((error: unknown) => {
        throw explain(error, { job, logger });
      });
    if (answer.FunctionError !== undefined)
      throw new AtlanError(502, `The function of "${job}" failed: see its log.`);
    const parsed = answerSchema.safeParse(JSON.parse(answer.Payload?.transformToString() ?? 'null'));
    if (!parsed.success)
      throw new AtlanError(502, `The function of "${job}" is of another release: deploy the stack again.`);
    if ('refused' in parsed.data)
      throw (isQuery ? sourceProblem(parsed.data.refused) : undefined) ?? refusalOf(parsed.data.refused);
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
    async columns(source, { query, types }) {
      try {
        return (await ask({ source }, { probe: 'columns', query, types })) as DescribedQuery;
      } catch (error) {
        throw error instanceof AtlanError ? ofAtlanError(error) : error;
      }
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

/** A sync that reads the source. */
const syncOf = (jobs: JobIndex, source: string): string | undefined =>
  Object.entries(jobs).find(([, job]) => job.kind === 'sync' && job.source === source)?.[0];

/** An extraction that reads the source: its function has the way to it, and may read its secret. */
function extractionOf(jobs: JobIndex, source: string, isQuery: boolean): string {
  const extractions = Object.entries(jobs).filter(([, { workflow }]) => workflow !== undefined);
  const found = extractions.find(([, { sources }]) => sources?.includes(source));
  if (found) return found[0];
  const read = isQuery ? Object.values(jobs) : extractions.map(([, job]) => job);
  const names = [...new Set(read.flatMap(({ source: one, sources = one ? [one] : [] }) => sources))];
  const what = isQuery ? 'source of a job' : 'source of an extraction';
  throw wrongField(['credential_guid'], unknownNameMessage(what, source, names));
}

function explain(error: unknown, { job, logger }: { job: string; logger: Logger }): AtlanError {
  const reason = error instanceof Error ? error.name : 'unknown error';
  if (reason === 'TimeoutError' || reason === 'AbortError')
    return new AtlanError(504, 'The database has not answered within 26 seconds.');
  logger.error({ job, reason }, 'the function of a job could not be asked');
  return new AtlanError(503, `The function of "${job}" could not be asked (${reason}).`, {
    headers: { 'retry-after': '5' },
  });
}
