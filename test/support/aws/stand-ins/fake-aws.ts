import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApi } from '../../../../shared/api/create-api.ts';
import type { JobIndex } from '../../../../shared/api/jobs/job-index.ts';
import type { DocumentStore } from '../../../../shared/runs/documents/document-store.ts';
import { createMemoryDocumentStore } from '../../../../shared/runs/documents/memory-document-store.ts';
import type { RunRequest } from '../../../../shared/runs/records/run-request.ts';
import { createRunRequestStore } from '../../../../shared/runs/records/run-request-store.ts';
import { createRunStore, type RunStore } from '../../../../shared/runs/records/run-store.ts';
import { createLogger } from '../../../../shared/telemetry/logger.ts';
import { CALLER, jobs } from '../../api.ts';

/** A request as it came, for anyone who wants to look at its signature. */
export interface ReceivedRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** The AWS services that the command line calls, and the API of one stack, `Ferry`, over a store in memory; all at one address. */
export interface FakeAws extends AsyncDisposable {
  url: string;
  documents: DocumentStore;
  runs: RunStore;
  /** What the API knows of. @default {@link jobs} */
  jobs: JobIndex;
  started: RunRequest[];
  received: ReceivedRequest[];
  /** What the functions have logged. */
  logs: { eventId: string; timestamp: number; message: string }[];
  /** Answers instead of what would answer; `drop` breaks the connection off. */
  intercept:
    | ((request: ReceivedRequest) => { status: number; body: string } | 'drop' | undefined)
    | undefined;
  /** What a function answers when it is invoked. */
  invoke: (name: string, event: unknown) => { payload: unknown; failure?: string };
  /** Called for each run that the API starts. */
  onStart: (request: RunRequest) => Promise<void>;
}

/** Starts it on a free port of 127.0.0.1. */
export async function startFakeAws(): Promise<FakeAws> {
  const documents = createMemoryDocumentStore();
  const runs = createRunStore(documents);
  const api = createApi({
    documents,
    check: async ({ id }) => id,
    readJobs: async () => fake.jobs,
    runs,
    requests: createRunRequestStore(documents),
    start: async (request) => {
      fake.started.push(request);
      await fake.onStart(request);
    },
    logger: createLogger({ level: 'silent' }),
  });

  const answer = async (
    request: ReceivedRequest,
  ): Promise<{ status: number; type: string; body: string }> => {
    const { method, url, headers, body } = request;
    if (url.startsWith('/v1/')) {
      const takesBody = method !== 'GET' && body !== '';
      const asked = new Request(`https://ferry${url.slice(3)}`, {
        method,
        headers,
        ...(takesBody && { body }),
      });
      const response = await api.fetch(asked, { caller: CALLER });
      const type = response.headers.get('content-type') ?? '';
      return { status: response.status, type, body: await response.text() };
    }
    const json = (value: unknown) => ({ status: 200, type: 'application/json', body: JSON.stringify(value) });
    if (headers['x-amz-target']?.endsWith('FilterLogEvents')) return json({ events: filterLogs(body) });
    const [, name = ''] = /\/functions\/([^/]+)\//.exec(url) ?? [];
    if (url.endsWith('/configuration')) return json({ LoggingConfig: { LogGroup: `/log/${name}` } });
    if (url.endsWith('/invocations')) {
      const { payload, failure } = fake.invoke(name, JSON.parse(body));
      return { ...json(payload), ...(failure && { failure }) };
    }
    return describeStacks(new URLSearchParams(body).get('StackName') ?? '', fake.url);
  };
  const filterLogs = (body: string) => {
    const { filterPattern = '', startTime } = JSON.parse(body) as {
      filterPattern?: string;
      startTime: number;
    };
    const [, field, value] = /^\{ \$\.(\w+) = "(.*)" \}$/.exec(filterPattern) ?? [];
    return fake.logs.filter(
      ({ timestamp, message }) =>
        timestamp >= startTime && (field === undefined || message.includes(`"${field}":"${value}"`)),
    );
  };

  const server = createServer(async (incoming, outgoing) => {
    const request = await receive(incoming);
    fake.received.push(request);
    const intercepted = fake.intercept?.(request);
    if (intercepted === 'drop') {
      incoming.socket.destroy();
      return;
    }
    const { status, type, body, failure } = {
      type: 'application/json',
      failure: undefined as string | undefined,
      ...(intercepted ?? (await answer(request))),
    };
    const headers = { 'content-type': type, ...(failure && { 'x-amz-function-error': failure }) };
    outgoing.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeAws = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    documents,
    runs,
    jobs,
    started: [],
    received: [],
    logs: [],
    intercept: undefined,
    invoke: () => ({ payload: { checks: [] } }),
    onStart: async () => {},
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

async function receive(incoming: IncomingMessage): Promise<ReceivedRequest> {
  let body = '';
  for await (const chunk of incoming.setEncoding('utf8')) body += chunk;
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]);
  return {
    method: incoming.method ?? '',
    url: incoming.url ?? '',
    headers: Object.fromEntries(headers),
    body,
  };
}

/** A stack of its own, one that has nothing to do with Ferry, and two with Ferry as a part of them. */
function outputsOfStacks(url: string): Record<string, Record<string, string>> {
  const own = {
    ApiUrl: `${url}/v1/`,
    StateBucketName: 'state',
    SyncFunctionerp: 'Ferry-erp',
    DedicatedFunctioncustomers: 'Ferry-customers',
    ExtractFunctionnightly: 'Ferry-nightly',
  };
  const as = (prefix: string) =>
    Object.fromEntries(Object.entries(own).map(([key, value]) => [`${prefix}${key}`, value]));
  return {
    Ferry: own,
    Other: { Topic: 'news', ApiUrl: 'https://shop.example.org/' },
    City: { Topic: 'news', ...as('Data') },
    Country: { ...as('Town'), ...as('TownOld') },
  };
}

function describeStacks(name: string, url: string): { status: number; type: string; body: string } {
  const type = 'text/xml';
  const outputs = outputsOfStacks(url)[name];
  if (outputs === undefined) {
    const body = `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id ${name} does not exist</Message></Error><RequestId>1</RequestId></ErrorResponse>`;
    return { status: 400, type, body };
  }
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  return {
    status: 200,
    type,
    body: `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>${name}</StackName><CreationTime>2026-11-20T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></DescribeStacksResponse>`,
  };
}
