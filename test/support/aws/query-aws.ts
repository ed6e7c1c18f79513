import { readFile } from 'node:fs/promises';
import { AwsClient } from 'aws4fetch';
import { Agent, request } from 'undici';
import type { MiniStack } from './mini-stack.ts';

/** A service of AWS that is asked by forms and answers in XML, for the few calls that are not worth a package. */
export interface QueryApi {
  service: 'iam' | 'sqs';
  version: string;
  region: string;
}

/**
 * A caller of such a service of a local AWS.
 *
 * @returns asks for an action; the answer is XML. Throws with the answer when it is none of success
 */
export async function queryAws(
  aws: MiniStack,
  { service, version, region }: QueryApi,
): Promise<(action: string, parameters?: Record<string, string>) => Promise<string>> {
  const ca = aws.caFile ? await readFile(aws.caFile, 'utf8') : '';
  const dispatcher = new Agent({ connect: { ca } });
  const signer = new AwsClient({
    accessKeyId: aws.environment.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: aws.environment.AWS_SECRET_ACCESS_KEY ?? '',
    region,
    service,
  });
  const url = `${aws.endpoint}/`;
  return async (action, parameters = {}) => {
    const body = new URLSearchParams({ Action: action, Version: version, ...parameters }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const signed = await signer.sign(url, { method: 'POST', headers, body });
    const answer = await request(url, {
      method: 'POST',
      headers: Object.fromEntries(signed.headers),
      body,
      dispatcher,
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${action}: ${answer.statusCode} ${text}`);
    return text;
  };
}

/** The texts of all elements of this name, which hold nothing but text. */
export function textsOf(xml: string, element: string): string[] {
  const found = xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'));
  return [...found].map(([, text = '']) =>
    text.replaceAll(/&(quot|apos|lt|gt|amp|#34|#39|#x27);/g, (entity) => ENTITIES[entity] ?? entity),
  );
}
const ENTITIES: Record<string, string> = {
  '&quot;': '"',
  '&#34;': '"',
  '&apos;': "'",
  '&#39;': "'",
  '&#x27;': "'",
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
};
