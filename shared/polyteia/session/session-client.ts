import * as z from 'zod';
import type { Sleep } from '../../sleep.ts';
import type { PolyteiaConnection } from '../http/connection.ts';
import { multipartFile } from '../http/multipart-file.ts';
import { parseJson } from '../http/parse-json.ts';
import { findObjection } from '../http/upload-answer.ts';
import type { PolyteiaClient, Upload } from '../polyteia-client.ts';
import { contentTypes, refusedFileHint, type UploadFormat } from '../upload-format.ts';
import { createSession } from './session.ts';
import { createSessionCalls } from './session-calls.ts';
import { createSessionRefusals } from './session-refusals.ts';
import { waitForIngest } from './wait-for-ingest.ts';

export interface SessionClientOptions {
  connection: PolyteiaConnection;
  /** The personal access key. */
  token: string;
  /** Id (`org_…`) or slug of the organization. */
  organization: string;
  /** What is uploaded, for the message of a refusal. */
  format: UploadFormat;
  ingest: { pollIntervalMs: number; timeoutMs: number };
  sleep?: Sleep | undefined;
  /** @default Date.now */
  now?: (() => number) | undefined;
}

const uploadAnswer = z.looseObject({ ok: z.literal(true), ingestId: z.string().min(1) });
const uploadError = z.looseObject({ code: z.string().optional() });

/**
 * Polyteia's session API: the personal access key is exchanged for a short-lived session, and an upload is done when
 * Polyteia has read it. Makes only the calls of the contract.
 */
export function createSessionClient(options: SessionClientOptions): PolyteiaClient {
  const { connection, organization, token: key, format } = options;
  const session = createSession({ connection, key, organization, now: options.now });
  const refusals = createSessionRefusals({ connection, organization, key });
  const calls = createSessionCalls(connection, session, refusals);

  async function upload(upload: Upload): ReturnType<PolyteiaClient['upload']> {
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
      if (uploadError.safeParse(content).data?.code === 'dpa.not-acknowledged')
        throw refusals.termsMissing(dataset);
      const { code } = objection ?? {};
      // An error inside a successful answer: without its own status, it is about the file.
      const status = typeof code === 'number' && code >= 400 ? code : 422;
      // The text of the error may quote the file, so it is not repeated.
      throw refusals.refusal(succeeded ? { ...answer, status } : answer, {
        call: `the file for dataset ${dataset}`,
        forbidden: refusals.forbidden(`upload to dataset ${dataset}`, dataset),
        notFound: refusals.noDataset(dataset),
        hint: (refused) => refusedFileHint('session', format, refused),
      });
    }
    const parsed = uploadAnswer.safeParse(content);
    if (!parsed.success) throw refusals.notUnderstood('the upload', answer);
    return { ingest: { id: parsed.data.ingestId, dataset } };
  }

  return {
    async checkDataset(dataset, signal) {
      await calls.checkTerms(dataset, signal);
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
        run: async (signal) => `${dataset}, of solution ${await calls.solutionOf(dataset, signal)}`,
      },
      {
        check: 'upload permission',
        async run(signal) {
          await calls.checkUploadRight(dataset, signal);
          return "the key's user may edit the dataset";
        },
      },
      {
        check: 'data processing terms',
        async run(signal) {
          await calls.checkTerms(dataset, signal);
          return 'acknowledged';
        },
      },
    ],

    upload,

    getIngestStatus: calls.getIngestStatus,

    waitForIngest: (ingest, wait = {}) =>
      waitForIngest(() => calls.getIngestStatus(ingest, wait.signal), ingest, wait, {
        ...options.ingest,
        format,
        sleep: options.sleep,
        now: options.now,
      }),

    close: () => connection.close(),
  };
}
