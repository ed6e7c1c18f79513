import { StateError } from '../../errors.ts';
import { CHECK_MS, isCheckUnderWay, type JobCheck, readJobCheck } from '../../runs/records/job-check.ts';
import { newRunId } from '../../runs/run-id.ts';
import type { Api } from '../api.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ProblemError } from '../problems.ts';
import { getCheck, postCheck } from '../routes.ts';

/**
 * The routes of a job's check.
 *
 * @param findJob rejects for a job that there is not
 */
export function addCheckRoutes(
  api: Api,
  dependencies: Pick<ApiDependencies, 'documents' | 'check' | 'now'>,
  findJob: (name: string) => Promise<unknown>,
): void {
  /** Checks that were asked for here: until they begin, nothing else shows them. */
  const asked = new Map<string, { id: string; at: number }>();
  const checkUnderWay = (job: string, known: JobCheck | undefined, now: Date): string | undefined => {
    if (known && isCheckUnderWay(known, now)) return known.id;
    const last = asked.get(job);
    if (!last || now.getTime() - last.at >= CHECK_MS) return undefined;
    // Ids are in the order of their time: a newer check has also ended this one.
    return known && known.id >= last.id ? undefined : last.id;
  };

  api.openapi(postCheck, async (context) => {
    const { job } = context.req.valid('param');
    await findJob(job);
    const now = dependencies.now?.() ?? new Date();
    // What cannot be read is written anew.
    const known = await readJobCheck(dependencies.documents, job).catch((error: unknown) => {
      if (error instanceof StateError) return undefined;
      throw error;
    });
    // One at a time for each job: each opens connections. Nothing is awaited from here to the note of it.
    const running = checkUnderWay(job, known, now);
    if (running !== undefined) return context.json({ checkId: running, job }, 202);
    const checkId = newRunId(now);
    asked.set(job, { id: checkId, at: now.getTime() });
    try {
      const answering = await dependencies.check({ id: checkId, job, requestedBy: context.env.caller });
      if (answering !== checkId) asked.delete(job);
      return context.json({ checkId: answering, job }, 202);
    } catch (error) {
      asked.delete(job);
      throw error;
    }
  });

  api.openapi(getCheck, async (context) => {
    const { job } = context.req.valid('param');
    await findJob(job);
    const found = await readJobCheck(dependencies.documents, job);
    if (!found) throw new ProblemError(404, `The job "${job}" has not been checked yet.`);
    const { schemaVersion: _schemaVersion, ...check } = found;
    return context.json(check, 200);
  });
}
