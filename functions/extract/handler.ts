import { S3Client } from '@aws-sdk/client-s3';
import { openOutputStore } from '../../shared/extraction/output/open-output-store.ts';
import { traceAwsClient } from '../../shared/telemetry/trace-aws-client.ts';
import { clientSettings } from '../client-settings.ts';
import { createJobHandler } from '../jobs/job-handler.ts';
import { createExtractFunction } from './extract-function.ts';

// A user's bucket may be in another region than the function.
const s3 = traceAwsClient(new S3Client({ ...clientSettings, followRegionRedirects: true }), 'S3');

/** Runs one extraction, or checks what it needs. */
export const handler = createJobHandler((dependencies) =>
  createExtractFunction({
    ...dependencies,
    openOutput: (output) =>
      openOutputStore({ output, own: { bucket: dependencies.environment.STATE_BUCKET }, client: () => s3 }),
  }),
);
