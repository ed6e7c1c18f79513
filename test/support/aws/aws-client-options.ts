import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { MiniStack } from './mini-stack.ts';

/** Options of any SDK client for a local AWS. */
export async function awsClientOptions(aws: MiniStack) {
  const ca = aws.caFile ? await readFile(aws.caFile, 'utf8') : '';
  return {
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: {
      accessKeyId: aws.environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: aws.environment.AWS_SECRET_ACCESS_KEY ?? '',
    },
    requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca }) }),
  };
}
