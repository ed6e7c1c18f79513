import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { Api } from '../../shared/api/api.ts';

/** The parts of API Gateway's event that the API reads. */
export type ApiEvent = Pick<
  APIGatewayProxyEvent,
  'httpMethod' | 'path' | 'multiValueQueryStringParameters' | 'headers' | 'body' | 'isBase64Encoded'
> & { requestContext: { identity: Pick<APIGatewayProxyEvent['requestContext']['identity'], 'userArn'> } };

/** The API behind API Gateway: its event becomes a Request, the Response its result. */
export function createApiFunction(api: Api): (event: ApiEvent) => Promise<APIGatewayProxyResult> {
  return async (event) => {
    const caller = event.requestContext.identity.userArn ?? 'anonymous';
    const response = await api.fetch(requestOf(event), { caller });
    return {
      statusCode: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
  };
}

function requestOf(event: ApiEvent): Request {
  const { httpMethod: method, path, multiValueQueryStringParameters: query, headers, body } = event;
  // The gateway's path is already a path, even if it contains a decoded `?`.
  const url = new URL(`https://ferry${path.replaceAll(/[?#]/g, encodeURIComponent)}`);
  for (const [name, values = []] of Object.entries(query ?? {}))
    for (const value of values) url.searchParams.append(name, value);
  const given = Object.entries(headers).filter(
    (header): header is [string, string] => header[1] !== undefined,
  );
  const takesBody = method !== 'GET' && method !== 'HEAD';
  return new Request(url, {
    method,
    // Headers contain Latin-1 only; any other header is not ours.
    headers: given.filter(([, value]) => /^[\x20-\x7e\xa0-\xff]*$/.test(value)),
    ...(body && takesBody ? { body: Buffer.from(body, event.isBase64Encoded ? 'base64' : 'utf8') } : {}),
  });
}
