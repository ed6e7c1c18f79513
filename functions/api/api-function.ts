import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { Api } from '../../shared/api/api.ts';
import { answerProblem, ProblemError } from '../../shared/api/problems.ts';
import { inAtlanForm, isAtlanPath } from '../../shared/atlan/create-atlan-api.ts';

/** The parts of API Gateway's event that the API reads. */
export type ApiEvent = Pick<
  APIGatewayProxyEvent,
  'httpMethod' | 'path' | 'multiValueQueryStringParameters' | 'headers' | 'body' | 'isBase64Encoded'
> & { requestContext: { identity: Pick<APIGatewayProxyEvent['requestContext']['identity'], 'userArn'> } };

/** The API behind API Gateway: its event becomes a Request, the Response its result. */
export function createApiFunction(
  api: Pick<Api, 'fetch'>,
): (event: ApiEvent) => Promise<APIGatewayProxyResult> {
  return async (event) => {
    const caller = event.requestContext.identity.userArn ?? 'anonymous';
    const refused = refuse(event);
    const response = refused
      ? await answerRefused(refused, event)
      : await api.fetch(requestOf(event), { caller });
    return {
      statusCode: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
  };
}

/** In the form of the API that the path belongs to. */
async function answerRefused(refused: ProblemError, { path }: ApiEvent): Promise<Response> {
  const answer = answerProblem(refused);
  return isAtlanPath(path) ? inAtlanForm(answer) : answer;
}

const METHODS = 'GET, HEAD, POST';
/**
 * What a URL would read as something else than the gateway, whose policies decide by the path as it was sent: line
 * breaks and spaces that disappear, slashes the other way round.
 */
const NOT_OF_PATHS = /[?#\\\p{Cc} ]/gu;
/** Steps to another folder, which a URL resolves. */
const STEPS = /(?:^|\/)(?:\.|%2e){1,2}(?=\/|$)/i;
/** https://fetch.spec.whatwg.org/#forbidden-method */
const UNKNOWN_TO_REQUEST = new Set(['CONNECT', 'TRACE', 'TRACK']);
/** A header that the API reads must be refused, not ignored: somebody counts on what it asks for. */
const READ_HEADER = 'idempotency-key';

function refuse({ httpMethod, path }: ApiEvent): ProblemError | undefined {
  if (UNKNOWN_TO_REQUEST.has(httpMethod.toUpperCase()))
    return new ProblemError(405, 'No route supports this method.', { headers: { allow: METHODS } });
  if (!STEPS.test(path)) return undefined;
  const message = 'no "." or ".." between slashes';
  return new ProblemError(400, `path: ${message}`, { members: { errors: [{ path: 'path', message }] } });
}

function requestOf(event: ApiEvent): Request {
  const { httpMethod: method, path, multiValueQueryStringParameters: query, headers, body } = event;
  // The gateway's path is already a path, even if it contains a decoded `?`.
  const url = new URL(`https://ferry${path.replaceAll(NOT_OF_PATHS, encodeURIComponent)}`);
  for (const [name, values = []] of Object.entries(query ?? {}))
    for (const value of values) url.searchParams.append(name, value);
  const given = Object.entries(headers).filter(
    (header): header is [string, string] => header[1] !== undefined,
  );
  const takesBody = method !== 'GET' && method !== 'HEAD';
  // Headers contain Latin-1 only.
  const latin = given.map(([name, value]): [string, string] => [
    name,
    name.toLowerCase() === READ_HEADER ? value.replaceAll(/[^\x20-\x7e\xa0-\xff]/g, '\xff') : value,
  ]);
  return new Request(url, {
    method,
    headers: latin.filter(([, value]) => /^[\x20-\x7e\xa0-\xff]*$/.test(value)),
    ...(body && takesBody ? { body: Buffer.from(body, event.isBase64Encoded ? 'base64' : 'utf8') } : {}),
  });
}
