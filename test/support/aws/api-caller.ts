import { readFile } from 'node:fs/promises';
import { AwsClient } from 'aws4fetch';
import { Agent, request } from 'undici';
import type { ApiPolicy } from './api-policies.ts';
import type { MiniStack } from './mini-stack.ts';
import { queryAws, textsOf } from './query-aws.ts';

/**
 * A new user of a local AWS that has one policy.
 *
 * @returns calls the API as that user; the status of the answer
 */
export async function callerWith(
  aws: MiniStack,
  { Sid, Resource }: ApiPolicy,
  apiId: string,
): Promise<(method: 'GET' | 'POST', path: string) => Promise<number>> {
  const ask = await queryAws(aws, { service: 'iam', version: '2010-05-08', region: 'us-east-1' });
  const UserName = `caller-${Sid}`;
  const filledIn = JSON.stringify(Resource)
    .replaceAll('REGION', aws.region)
    .replaceAll('ACCOUNT', aws.accountId)
    .replaceAll('API_ID', apiId);
  const statement = { Effect: 'Allow', Action: 'execute-api:Invoke', Resource: JSON.parse(filledIn) };
  await ask('CreateUser', { UserName });
  await ask('PutUserPolicy', {
    UserName,
    PolicyName: Sid,
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
  });
  const keys = await ask('CreateAccessKey', { UserName });
  const [accessKeyId = ''] = textsOf(keys, 'AccessKeyId');
  const [secretAccessKey = ''] = textsOf(keys, 'SecretAccessKey');
  const signer = new AwsClient({ accessKeyId, secretAccessKey, region: aws.region, service: 'execute-api' });
  const dispatcher = new Agent({
    connect: { ca: aws.caFile ? await readFile(aws.caFile, 'utf8') : undefined },
  });
  return async (method, path) => {
    const url = `${aws.endpoint}/_aws/execute-api/${apiId}/v1${path}`;
    const signed = await signer.sign(url, { method });
    const headers = Object.fromEntries(signed.headers);
    const answer = await request(url, { method, headers, dispatcher });
    await answer.body.dump();
    return answer.statusCode;
  };
}
