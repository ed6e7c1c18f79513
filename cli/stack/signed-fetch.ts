import { AwsV4Signer } from 'aws4fetch';
import { StackUnavailableError } from '../../shared/errors.ts';
import { explainAwsError } from './aws-errors.ts';
import type { Credentials, FoundStack } from './find-stack.ts';

/** A request to a stack's API. */
export interface StackRequest {
  /** Below the address of the API, without a `/` at its beginning. */
  path: string;
  method: string;
  headers: Readonly<Record<string, string>>;
  body: string | undefined;
}

export type SignedFetch = (request: StackRequest, signal?: AbortSignal) => Promise<Response>;

// More than API Gateway itself waits.
const TIMEOUT_MS = 35_000;

/**
 * Sends requests to a stack's API, signed with SigV4.
 *
 * @param traceparent the trace that a run which is asked for belongs to
 * @returns throws AccessError for credentials that cannot be found, StackUnavailableError
 */
export function createSignedFetch(
  { apiUrl, region }: Pick<FoundStack, 'apiUrl' | 'region'>,
  credentials: Credentials,
  traceparent?: string,
): SignedFetch {
  return async ({ path, method, headers, body }, signal) => {
    const keys = await credentials().catch((error: unknown) => {
      throw explainAwsError(error, 'execute-api:Invoke');
    });
    const { accessKeyId, secretAccessKey, sessionToken } = keys;
    const signer = new AwsV4Signer({
      url: new URL(path, apiUrl).href,
      method,
      headers: { ...headers, ...(traceparent === undefined || method === 'GET' ? {} : { traceparent }) },
      body: body ?? null,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service: 'execute-api',
      region,
    });
    const { url, ...request } = await signer.sign();
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    try {
      return await fetch(url, {
        ...request,
        redirect: 'error',
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      } as RequestInit);
    } catch (error) {
      signal?.throwIfAborted();
      throw new StackUnavailableError(`The API of the stack, at ${url.host}, cannot be reached.`, {
        cause: error,
        hint: 'Check the network and, if you need one, the proxy (NODE_USE_ENV_PROXY=1 and HTTPS_PROXY).',
      });
    }
  };
}
