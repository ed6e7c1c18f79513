// What the contract (session API) allows a client to send. Everything else is a violation.
import type { IncomingMessage } from 'node:http';

/** A call by RPC that the contract knows, with its input. */
export type RpcCall =
  | { on: 'exchange'; input: { key: string; organizationId?: string; organizationSlug?: string } }
  | { on: 'getDatasetById'; input: { id: string } }
  | { on: 'getMyAcceptanceStatus'; input: { solutionId: string } }
  | { on: 'getDatasetIngestStatus'; input: { id: string; ingestId: string } };

interface Procedure {
  on: RpcCall['on'];
  /** Each combination of fields that is allowed. */
  inputs: readonly (readonly string[])[];
}

const procedures: Readonly<Record<string, Procedure>> = {
  '/rpc/auth/personalAccessKey/exchange': {
    on: 'exchange',
    inputs: [
      ['key', 'organizationId'],
      ['key', 'organizationSlug'],
    ],
  },
  '/rpc/dataset/getDatasetById': { on: 'getDatasetById', inputs: [['id']] },
  '/rpc/dpa/getMyAcceptanceStatus': { on: 'getMyAcceptanceStatus', inputs: [['solutionId']] },
  '/rpc/dataset/getDatasetIngestStatus': { on: 'getDatasetIngestStatus', inputs: [['id', 'ingestId']] },
};

const fieldForms: Readonly<Record<string, RegExp>> = {
  key: /./,
  id: /^ds_[A-Za-z0-9]+$/,
  ingestId: /^dsig_[A-Za-z0-9]+$/,
  solutionId: /^sol_[A-Za-z0-9]+$/,
  organizationId: /^org_[A-Za-z0-9]+$/,
  organizationSlug: /^(?!org_)./,
};

const uploadPath = /^\/api\/upload\/dataset\/(ds_[A-Za-z0-9]+)$/;

const headersAnywhere = [
  'host',
  'connection',
  'content-type',
  'content-length',
  'accept',
  'accept-encoding',
  'user-agent',
];

/** The dataset that a path uploads to; undefined for every other path. */
export function uploadedDataset(url: string): string | undefined {
  return uploadPath.exec(url)?.[1];
}

/** What is wrong with method, path, query string and headers; empty when nothing is. */
export function sessionRequestViolations(request: IncomingMessage): string[] {
  const { method, url = '', headers } = request;
  const [path = '', query] = url.split('?', 2);
  const upload = uploadPath.test(path);
  if (!upload && !Object.hasOwn(procedures, path)) return [`${method} ${url}: there is no such path`];
  const found: string[] = [];
  if (method !== 'POST') found.push(`${method} ${path}: only POST is known`);
  if (query !== undefined) found.push(`${path}: no query string is known, got '?${query}'`);
  const exchange = procedures[path]?.on === 'exchange';
  const allowed = exchange ? headersAnywhere : [...headersAnywhere, 'authorization'];
  for (const name of Object.keys(headers)) {
    // Transfer-Encoding is not among them: the length is fixed.
    if (!allowed.includes(name)) found.push(`${path}: unexpected header '${name}'`);
  }
  if (!exchange && !/^Bearer \S+$/.test(headers.authorization ?? '')) {
    found.push(`${path}: needs the header Authorization: Bearer <session token>`);
  }
  if (headers['content-length'] === undefined) found.push(`${path}: needs a Content-Length`);
  const type = headers['content-type'] ?? '';
  if (!upload && !/^application\/json(; ?charset=utf-8)?$/i.test(type)) {
    found.push(`${path}: content type is '${type}', must be application/json`);
  }
  if (upload && !/^multipart\/form-data; ?boundary=/i.test(type)) {
    found.push(`${path}: content type is '${type}', must be multipart/form-data with a boundary`);
  }
  return found;
}

/** Reads the body of a call by RPC, or says what is wrong with it. */
export function readRpcCall(path: string, body: string): RpcCall | { violation: string } {
  const procedure = procedures[path];
  if (!procedure) return { violation: `${path}: there is no such procedure` };
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { violation: `${path}: the body is not JSON` };
  }
  if (!isObject(parsed) || Object.keys(parsed).join() !== 'json' || !isObject(parsed.json)) {
    return { violation: `${path}: the body must be {"json": {…}} and nothing else` };
  }
  const input = parsed.json;
  const fields = Object.keys(input).sort().join(', ');
  if (!procedure.inputs.some((names) => [...names].sort().join(', ') === fields)) {
    const expected = procedure.inputs.map((names) => names.join(', ')).join(' or ');
    return { violation: `${path}: input is (${fields}), must be (${expected})` };
  }
  for (const [name, value] of Object.entries(input)) {
    if (typeof value !== 'string' || !fieldForms[name]?.test(value)) {
      return { violation: `${path}: '${name}' has not the form of one` };
    }
  }
  return { on: procedure.on, input } as RpcCall;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
