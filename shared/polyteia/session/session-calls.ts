import * as z from 'zod';
import type { PolyteiaConnection } from '../http/connection.ts';
import { parseJson } from '../http/parse-json.ts';
import type { IngestStatus } from '../polyteia-client.ts';
import { describeIngestFailure } from './ingest-failure.ts';
import type { PolyteiaSession } from './session.ts';
import type { SessionRefusals } from './session-refusals.ts';

const datasetAnswer = z.looseObject({ json: z.looseObject({ solutionId: z.string().min(1) }) });
const termsAnswer = z.looseObject({ json: z.looseObject({ acknowledged: z.boolean() }) });
const ingestAnswer = z.looseObject({
  json: z.looseObject({
    status: z.enum(['pending', 'running', 'completed', 'failed']),
    errorMessage: z.string().nullish(),
  }),
});

// Has the form of an id but belongs to nobody: the answer shows whether the key may edit the dataset.
const NO_INGEST = 'dsig_00000000000000000000';

/** The questions to the session API: about a dataset, its terms, its permissions and its ingests. */
export function createSessionCalls(
  connection: PolyteiaConnection,
  session: PolyteiaSession,
  { reject, forbidden, noDataset, termsMissing, refusal, read, notUnderstood }: SessionRefusals,
) {
  const solutions = new Map<string, string>();

  const ask = (procedure: string, input: object, signal: AbortSignal | undefined) =>
    session.send(
      (authorization) =>
        connection.send(`/rpc/${procedure}`, {
          headers: { authorization, 'content-type': 'application/json', accept: 'application/json' },
          body: JSON.stringify({ json: input }),
          signal,
        }),
      signal,
    );

  async function solutionOf(dataset: string, signal: AbortSignal | undefined): Promise<string> {
    const known = solutions.get(dataset);
    if (known !== undefined) return known;
    const { json } = read(await ask('dataset/getDatasetById', { id: dataset }, signal), datasetAnswer, {
      call: `to describe dataset ${dataset}`,
      forbidden: forbidden(`see dataset ${dataset}`, dataset),
      notFound: noDataset(dataset),
    });
    solutions.set(dataset, json.solutionId);
    return json.solutionId;
  }

  async function checkTerms(dataset: string, signal: AbortSignal | undefined): Promise<void> {
    const solutionId = await solutionOf(dataset, signal);
    const { json } = read(await ask('dpa/getMyAcceptanceStatus', { solutionId }, signal), termsAnswer, {
      call: `to tell whether the terms of solution ${solutionId} are acknowledged`,
      forbidden: forbidden(`ask for the data processing terms of solution ${solutionId}`, dataset),
      notFound: () =>
        reject(
          `Polyteia has no solution ${solutionId}.`,
          `Dataset ${dataset} belonged to it a moment ago: look at the dataset in Polyteia.`,
        ),
    });
    if (!json.acknowledged) throw termsMissing(dataset, solutionId);
  }

  async function checkUploadRight(dataset: string, signal: AbortSignal | undefined): Promise<void> {
    // For a dataset that does not exist, 404 would look like a permission.
    await solutionOf(dataset, signal);
    const answer = await ask('dataset/getDatasetIngestStatus', { id: dataset, ingestId: NO_INGEST }, signal);
    const fromPolyteia = parseJson(answer.text) !== undefined;
    if (fromPolyteia && (answer.status === 404 || (answer.status >= 200 && answer.status <= 299))) return;
    throw refusal(answer, {
      call: `to tell who may edit dataset ${dataset}`,
      forbidden: forbidden(`upload to dataset ${dataset}`, dataset),
      notFound: noDataset(dataset),
    });
  }

  async function getIngestStatus(
    { id, dataset }: { id: string; dataset: string },
    signal: AbortSignal | undefined,
  ): Promise<IngestStatus> {
    const call = `to tell how ingest ${id} of dataset ${dataset} goes`;
    const answer = await ask('dataset/getDatasetIngestStatus', { id: dataset, ingestId: id }, signal);
    const notFound = () =>
      reject(
        `Polyteia no longer knows ingest ${id} of dataset ${dataset}.`,
        'Look at the dataset in Polyteia, and run the job again if it does not have the new content.',
      );
    // According to the contract, any 4xx here is final, except 429.
    if (answer.status === 408) {
      throw reject(`Polyteia refused ${call} (HTTP status 408).`, 'Look at the dataset in Polyteia.');
    }
    if (answer.status < 200 || answer.status > 299) {
      throw refusal(answer, {
        call,
        forbidden: forbidden(`follow uploads to dataset ${dataset}`, dataset),
        notFound,
      });
    }
    const parsed = ingestAnswer.safeParse(parseJson(answer.text));
    if (!parsed.success) throw notUnderstood('the question how an upload goes', answer);
    const { status, errorMessage } = parsed.data.json;
    const reason = status === 'failed' ? describeIngestFailure(errorMessage ?? undefined) : undefined;
    return { state: status, ...(reason === undefined ? {} : { reason }) };
  }

  return { solutionOf, checkTerms, checkUploadRight, getIngestStatus };
}
