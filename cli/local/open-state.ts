import type { S3Client } from '@aws-sdk/client-s3';
import { ConfigError } from '../../shared/errors.ts';
import type { OwnStore } from '../../shared/extraction/output/open-output-store.ts';
import { awsTimeouts } from '../../shared/network/outgoing-https.ts';
import type { DocumentStore } from '../../shared/runs/documents/document-store.ts';
import { createFolderDocumentStore } from '../../shared/runs/documents/folder-document-store.ts';
import { traceAwsClient } from '../../shared/telemetry/trace-aws-client.ts';
import type { CliContext } from '../cli-context.ts';
import { isBucketAddress, type StatePlace, stateFolderOf } from '../state-folder.ts';

/** Where runs are recorded: a folder, or a bucket. */
export interface State {
  documents: DocumentStore;
  /** The same place, for files of extractions that name no bucket. */
  own: OwnStore;
}

/** The state that --state or FERRY_STATE names: a folder, or `s3://BUCKET`; else the one beside the configuration. */
export async function openState(place: StatePlace, context: CliContext): Promise<State> {
  const { state } = place;
  if (state === undefined || !isBucketAddress(state)) {
    const folder = stateFolderOf(place, context);
    return { documents: createFolderDocumentStore(folder), own: { folder } };
  }
  const [, bucket] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?$/.exec(state) ?? [];
  if (bucket === undefined) {
    throw new ConfigError(`--state: "${state}" is not the address of a bucket.`, {
      hint: 'Expected a folder, or s3://BUCKET without a path.',
    });
  }
  const { createS3DocumentStore } = await import('../../shared/runs/documents/s3-document-store.ts');
  const client = await createS3Client(context);
  return { documents: createS3DocumentStore({ client, bucket }), own: { bucket } };
}

/** A client for S3, or for the S3-compatible store at FERRY_S3_ENDPOINT. */
export async function createS3Client({ environment }: Pick<CliContext, 'environment'>): Promise<S3Client> {
  const endpoint = environment.FERRY_S3_ENDPOINT?.trim() || undefined;
  if (endpoint !== undefined && !/^https?:\/\//.test(endpoint))
    throw new ConfigError('FERRY_S3_ENDPOINT: expected an address such as https://minio.example.org:9000.');
  const { S3Client: Client } = await import('@aws-sdk/client-s3');
  const { tellingAddress } = await import('../../shared/runs/documents/s3-address.ts');
  const region = environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
  const client = new Client({
    requestHandler: awsTimeouts,
    followRegionRedirects: true,
    ...(endpoint === undefined ? {} : { endpoint, region: region ?? 'us-east-1' }),
    ...(/^(1|true|yes)$/i.test(environment.FERRY_S3_PATH_STYLE ?? '') ? { forcePathStyle: true } : {}),
  });
  return traceAwsClient(tellingAddress(client), 'S3');
}
