import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import { createAnswerErrors } from '../http/answer-errors.ts';
import type { PolyteiaConnection } from '../http/connection.ts';
import type { HttpAnswer } from '../http/http.ts';
import { multipartFile } from '../http/multipart-file.ts';
import { findObjection } from '../http/upload-answer.ts';
import type { DatasetContent, Ingest, PolyteiaClient, Upload } from '../polyteia-client.ts';
import { contentTypes, type UploadContentType, type UploadFormat } from '../upload-format.ts';
import { createClassicCall } from './classic-call.ts';
import { createClassicRefusals, PolyteiaForbiddenError } from './classic-refusals.ts';

const assetInfo = z.looseObject({ content_type: z.string(), size: z.number(), uploaded_at: z.string() });
const datasetData = z.looseObject({
  id: z.string(),
  // What Polyteia reports about the content is only an aid: an unknown form counts as no report.
  metadata: z
    .looseObject({ asset_info: assetInfo.optional().catch(undefined) })
    .optional()
    .catch(undefined),
});
const tokenData = z.looseObject({ token: z.string().regex(/^[\x21-\x7e]+$/) });

/** The status of an upload's answer, or the status of the error in it when it claims success. */
function statusOf(answer: HttpAnswer): number {
  const code = Number(answer.status === 200 ? findObjection(answer)?.code : undefined);
  return code >= 400 && code <= 599 ? code : answer.status;
}

/**
 * Polyteia's classic API: one endpoint for commands and queries, and an upload by token.
 *
 * @param options.token the personal access key, which only goes into the Authorization header
 */
export function createClassicClient(options: {
  connection: PolyteiaConnection;
  token: string;
  /** What will be uploaded. */
  format: UploadFormat;
}): PolyteiaClient {
  const { connection, token: key, format } = options;
  const errors = createAnswerErrors(connection);
  const refusals = createClassicRefusals(errors, key, format);
  const call = createClassicCall(connection, key, errors, refusals);

  async function getContent(dataset: string, signal?: AbortSignal): Promise<DatasetContent | undefined> {
    const { metadata } = await call('query', 'get_dataset', { id: dataset }, datasetData, signal);
    const asset = metadata?.asset_info;
    return asset && { contentType: asset.content_type, size: asset.size, uploadedAt: asset.uploaded_at };
  }

  /**
   * What the dataset contains, or `unreadable`: a key may be allowed to upload but not to read, and the Go connector
   * never asked.
   */
  async function readIfAllowed(dataset: string, signal: AbortSignal | undefined) {
    try {
      return await getContent(dataset, signal);
    } catch (error) {
      if (error instanceof PolyteiaForbiddenError) return 'unreadable' as const;
      throw error;
    }
  }

  async function takeUploadToken(
    dataset: string,
    contentType: UploadContentType,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const params = { id: dataset, content_type: contentType };
    return (await call('command', 'generate_dataset_upload_token', params, tokenData, signal)).token;
  }

  async function sendFile(upload: Upload): Promise<HttpAnswer> {
    const { dataset, file, contentType, beforeSending, signal } = upload;
    // The lifetime of a token is not documented, so each try fetches a new one right before it is used.
    const token = await takeUploadToken(dataset, contentType, signal);
    const name = `${dataset}.${contentType === contentTypes.csv ? 'csv' : 'parquet'}`;
    const content = await multipartFile({ path: file, name, contentType }, upload);
    await beforeSending?.();
    return connection.send('/upload', {
      headers: {
        'x-upload-token': token,
        'content-type': content.contentType,
        'content-length': String(content.contentLength),
      },
      body: content.body,
      signal,
    });
  }

  const noIngest = async ({ id }: Ingest): Promise<never> => {
    throw new ConfigError(
      `The classic API cannot report on ingest ${id}, which belongs to the session API.`,
      {
        hint: 'The target was changed from api: session to classic in the meantime. Look at the dataset in Polyteia.',
      },
    );
  };

  return {
    async checkDataset(dataset, signal) {
      const content = await readIfAllowed(dataset, signal);
      return content === undefined || content === 'unreadable' ? {} : { content };
    },

    checks: (dataset) => [
      {
        check: 'dataset access',
        async run(signal) {
          const content = await readIfAllowed(dataset, signal);
          if (content === 'unreadable')
            return `${dataset}: the key may not read it; an upload does not need that`;
          return content === undefined ? `${dataset}, empty` : `${dataset}, uploaded ${content.uploadedAt}`;
        },
      },
      {
        check: 'upload permission',
        async run(signal) {
          await takeUploadToken(dataset, contentTypes[format], signal);
          return 'an upload would be accepted';
        },
      },
    ],

    async upload(upload) {
      let answer = await sendFile(upload);
      // The token expired before the file had arrived. Whether the key may upload was decided when the token was
      // issued.
      if (statusOf(answer) === 401) answer = await sendFile(upload);
      const objection = answer.status === 200 ? findObjection(answer) : undefined;
      if (objection?.kind === 'page') throw errors.webPage('the upload');
      const status = statusOf(answer);
      if (status !== 200) throw refusals.statusError({ ...answer, status }, upload.dataset);
      if (objection) throw refusals.refusedInside(upload.dataset);
      return {};
    },

    getContent,
    getIngestStatus: noIngest,
    waitForIngest: noIngest,
    close: () => connection.close(),
  };
}
