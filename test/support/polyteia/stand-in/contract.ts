// What the contract (classic API) allows a client to send. Everything else is a violation.
import type { IncomingMessage } from 'node:http';

/** The content types that an upload can have. */
export const CONTENT_TYPES: readonly string[] = ['application/vnd.apache.parquet', 'text/csv'];

const pathHeaders: Record<string, readonly string[]> = {
  '/api': ['authorization'],
  '/upload': ['x-upload-token'],
};
const headersAnywhere = [
  'host',
  'connection',
  'content-type',
  'content-length',
  'transfer-encoding',
  'accept',
  'accept-encoding',
  'user-agent',
];

/** What is wrong with method, path, query string and headers; empty when nothing is. */
export function requestViolations(request: IncomingMessage): string[] {
  const { method, url = '' } = request;
  const [path = '', query] = url.split('?', 2);
  const own = pathHeaders[path];
  if (!own) return [`${method} ${url}: there is no such path`];
  const found: string[] = [];
  if (method !== 'POST') found.push(`${method} ${path}: only POST is known`);
  if (query !== undefined) found.push(`${path}: no query string is known, got '?${query}'`);
  for (const name of Object.keys(request.headers)) {
    if (!headersAnywhere.includes(name) && !own.includes(name))
      found.push(`${path}: unexpected header '${name}'`);
  }
  const type = request.headers['content-type'] ?? '';
  if (path === '/api' && !/^application\/json(; ?charset=utf-8)?$/i.test(type)) {
    found.push(`/api: content type is '${type}', must be application/json`);
  }
  if (path === '/upload' && !/^multipart\/form-data; ?boundary=/i.test(type)) {
    found.push(`/upload: content type is '${type}', must be multipart/form-data with a boundary`);
  }
  return found;
}

/** A body of /api that the contract knows. */
export type ApiCall =
  | { on: 'generate_dataset_upload_token'; params: { id: string; content_type: string } }
  | { on: 'get_dataset'; params: { id: string } | { solution_id: string; slug: string } };

/** Reads a body of /api, or says what is wrong with it. */
export function readApiCall(body: string): ApiCall | { violation: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { violation: '/api: the body is not JSON' };
  }
  if (!isObject(parsed)) return { violation: '/api: the body is not an object' };
  const { command, query, params, ...others } = parsed;
  const extra = Object.keys(others);
  if (extra.length > 0) return { violation: `/api: unexpected field '${extra.join("', '")}'` };
  if ('command' in parsed === 'query' in parsed)
    return { violation: '/api: needs exactly one of command and query' };
  if (!isObject(params)) return { violation: '/api: params is missing or not an object' };

  const kind = 'command' in parsed ? 'command' : 'query';
  const name = command ?? query;
  const signature = `${kind} ${String(name)}(${Object.keys(params).sort().join(', ')})`;
  const notText = Object.keys(params).filter((key) => typeof params[key] !== 'string' || params[key] === '');
  if (notText.length > 0) return { violation: `/api: ${signature}: '${notText.join("', '")}' is no text` };
  switch (signature) {
    case 'command generate_dataset_upload_token(content_type, id)': {
      const { id, content_type } = params as { id: string; content_type: string };
      if (!CONTENT_TYPES.includes(content_type))
        return { violation: `/api: unknown content_type '${content_type}'` };
      return { on: 'generate_dataset_upload_token', params: { id, content_type } };
    }
    case 'query get_dataset(id)':
      return { on: 'get_dataset', params: params as { id: string } };
    case 'query get_dataset(slug, solution_id)':
      return { on: 'get_dataset', params: params as { solution_id: string; slug: string } };
    default:
      // list_datasets, create_dataset and update_dataset exist, but Ferry has no use for them yet.
      return { violation: `/api: no such call: ${signature}` };
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
