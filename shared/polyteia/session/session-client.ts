import { z } from 'zod';
import { type FerryError, PolyteiaRejectedError } from '../../errors.ts';
import type { Sleep } from '../../sleep.ts';
import { createAnswerErrors, isTransient, quoteWords } from '../http/answer-errors.ts';
import type { PolyteiaConnection } from '../http/connection.ts';
import type { HttpAnswer } from '../http/http.ts';
import { multipartFile } from '../http/multipart-file.ts';
import { parseJson } from '../http/parse-json.ts';
import { findObjection } from '../http/upload-answer.ts';
import type { IngestStatus, PolyteiaClient } from '../polyteia-client.ts';
import { contentTypes, formatHint, mayBeOfFormat, type UploadFormat } from '../upload-format.ts';
import { describeIngestFailure } from './ingest-failure.ts';
import { createSession } from './session.ts';
import { waitForIngest } from './wait-for-ingest.ts';

export interface SessionClientOptions {
  connection: PolyteiaConnection;
  /** The personal access key. */
  token: string;
  /** Id (`org_…`) or slug of the organization. */
  organization: string;
  /** What is uploaded, for what a refusal says. */
  format: UploadFormat;
  ingest: { pollIntervalMs: number; timeoutMs: number };
  sleep?: Sleep | undefined;
  /** @default Date.now */
  now?: (() => number) | undefined;
}

const datasetAnswer = z.looseObject({ json: z.looseObject({ solutionId: z.string().min(1) }) });
const termsAnswer = z.looseObject({ json: z.looseObject({ acknowledged: z.boolean() }) });
const uploadAnswer = z.looseObject({ ok: z.literal(true), ingestId: z.string().min(1) });
const ingestAnswer = z.looseObject({
  json: z.looseObject({
    status: z.enum(['pending', 'running', 'completed', 'failed']),
    errorMessage: z.string().nullish(),
  }),
});
const rpcError = z.looseObject({ json: z.looseObject({ message: z.string().optional() }) });
const uploadError = z.looseObject({ code: z.string().optional() });

// Has the form of an id and is none: asked for it, Polyteia tells who may edit the dataset from who may not.
const NO_INGEST = 'dsig_00000000000000000000';

/** What a refusal is about, for its message. */
interface Subject {
  /** Continues "Polyteia refused …". */
  call: string;
  /** What to do about a 403. */
  forbidden: () => FerryError;
  notFound: () => FerryError;
  /** What to do when the request itself may be what is wrong. */
  hint?: string;
}

/**
 * Polyteia's session API: the personal access key is exchanged for a short-lived session, an upload is done when Polyteia has read it.
 * Makes the calls of the contract and no others.
 */
export function createSessionClient(options: SessionClientOptions): PolyteiaClient {
  const { connection, organization, token: key, format } = options;
  const { host, origin } = connection;
  const errors = createAnswerErrors(host);
  const session = createSession({ connection, key, organization, now: options.now });
  const solutions = new Map<string, string>();

  const reject = (message: string, hint: string) => new PolyteiaRejectedError(message, { hint });
  const forbidden = (what: string, dataset: string) => () =>
    reject(
      `Polyteia does not allow this key to ${what}.`,
      `Its user must be a licensed member of organization ${organization}, which must allow personal access keys, and needs the right to edit dataset ${dataset}.`,
    );
  const noDataset = (dataset: string) => () =>
    reject(
      `Polyteia has no dataset ${dataset} in organization ${organization}.`,
      'Copy the id from the dataset’s page in Polyteia (ds_…), and check polyteia.<target>.organization.',
    );
  const termsMissing = (dataset: string, solution?: string) =>
    reject(
      `The data processing terms of ${solution ? `solution ${solution}` : `the solution of dataset ${dataset}`} are not acknowledged by the user of this key.`,
      `Sign in to ${origin} as that user, open the solution of the dataset, click to acknowledge the data processing terms, and run the job again.`,
    );

  /** @param words Polyteia's sentence, where it cannot quote a file */
  function refusal(answer: HttpAnswer, subject: Subject, words?: string): FerryError {
    const { status } = answer;
    if (isTransient(status) || status < 400) return errors.busy(answer);
    if (status === 401) return errors.keyRefused();
    if (parseJson(answer.text) === undefined) {
      return reject(
        `Something in front of Polyteia at ${host} refused ${subject.call} (HTTP status ${status}).`,
        'Check polyteia.<target>.baseUrl, and whether a proxy or firewall lets the request through.',
      );
    }
    if (status === 403) return subject.forbidden();
    if (status === 404) return subject.notFound();
    return new PolyteiaRejectedError(
      `Polyteia refused ${subject.call} (HTTP status ${status}).${quoteWords(words, [key])}`,
      subject.hint !== undefined && mayBeOfFormat(status) ? { hint: subject.hint } : {},
    );
  }

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

  function read<T>(answer: HttpAnswer, shape: z.ZodType<T>, subject: Subject): T {
    const content = parseJson(answer.text);
    if (answer.status < 200 || answer.status > 299) {
      throw refusal(answer, subject, rpcError.safeParse(content).data?.json.message);
    }
    const parsed = shape.safeParse(content);
    if (!parsed.success) throw errors.notUnderstood(subject.call);
    return parsed.data;
  }

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
    // Of a dataset that does not exist, 404 would look like a permission.
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
    // The contract: but for 429, any 4xx here is final.
    if (answer.status === 408) {
      throw reject(`Polyteia refused ${call} (HTTP status 408).`, 'Look at the dataset in Polyteia.');
    }
    if (answer.status >= 400) {
      throw refusal(answer, {
        call,
        forbidden: forbidden(`follow uploads to dataset ${dataset}`, dataset),
        notFound,
      });
    }
    const parsed = ingestAnswer.safeParse(parseJson(answer.text));
    if (!parsed.success) throw errors.notUnderstood('the question how an upload goes');
    const { status, errorMessage } = parsed.data.json;
    const reason = status === 'failed' ? describeIngestFailure(errorMessage ?? undefined) : undefined;
    return { state: status, ...(reason === undefined ? {} : { reason }) };
  }

  return {
    async checkDataset(dataset, signal) {
      await checkTerms(dataset, signal);
      return {};
    },

    checks: (dataset) => [
      {
        check: 'personal access key',
        async run(signal) {
          await session.open(signal);
          return `accepted for organization ${organization}`;
        },
      },
      {
        check: 'dataset access',
        run: async (signal) => `${dataset}, of solution ${await solutionOf(dataset, signal)}`,
      },
      {
        check: 'upload permission',
        async run(signal) {
          await checkUploadRight(dataset, signal);
          return "the key's user may edit the dataset";
        },
      },
      {
        check: 'data processing terms',
        async run(signal) {
          await checkTerms(dataset, signal);
          return 'acknowledged';
        },
      },
    ],

    async upload(upload) {
      const { dataset, file, contentType, beforeSending, signal } = upload;
      const name = `${dataset}.${contentType === contentTypes.csv ? 'csv' : 'parquet'}`;
      const answer = await session.send(async (authorization) => {
        const content = await multipartFile({ path: file, name, contentType }, upload);
        await beforeSending?.();
        return connection.send(`/api/upload/dataset/${encodeURIComponent(dataset)}`, {
          headers: {
            authorization,
            'content-type': content.contentType,
            'content-length': String(content.contentLength),
          },
          body: content.body,
          signal,
        });
      }, signal);
      const content = parseJson(answer.text);
      const succeeded = answer.status >= 200 && answer.status <= 299;
      const objection = succeeded ? findObjection(answer) : undefined;
      if (!succeeded || objection?.kind === 'error') {
        if (uploadError.safeParse(content).data?.code === 'dpa.not-acknowledged') throw termsMissing(dataset);
        const { code } = objection ?? {};
        // An error inside an answer that says success: without a status of its own it is one of the file.
        const status = typeof code === 'number' && code >= 400 ? code : 422;
        // The text of the error may quote the file, so it is not repeated.
        throw refusal(succeeded ? { ...answer, status } : answer, {
          call: `the file for dataset ${dataset}`,
          forbidden: forbidden(`upload to dataset ${dataset}`, dataset),
          notFound: noDataset(dataset),
          hint: formatHint('session', format),
        });
      }
      const parsed = uploadAnswer.safeParse(content);
      if (!parsed.success) throw errors.notUnderstood('an upload');
      return { ingest: { id: parsed.data.ingestId, dataset } };
    },

    getIngestStatus,

    waitForIngest: (ingest, wait = {}) =>
      waitForIngest(() => getIngestStatus(ingest, wait.signal), ingest, wait, {
        ...options.ingest,
        format,
        sleep: options.sleep,
        now: options.now,
      }),

    close: () => connection.close(),
  };
}
