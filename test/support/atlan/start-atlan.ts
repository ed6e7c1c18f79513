import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommandLine } from '../../../cli/program/run-command-line.ts';
import { CancelledError } from '../../../shared/errors.ts';
import { waitFor } from '../processes/wait-for.ts';

/** An answer of the API. */
export interface Answer {
  status: number;
  /** Undefined for a body that is no JSON. */
  body: Record<string, unknown> | undefined;
  /** The body's `data`; empty without one. */
  data: Record<string, unknown>;
  text: string;
  headers: Headers;
}

/** How `ferry serve` is started for callers of Atlan's app. */
export interface AtlanSetup {
  /** What is typed behind `ferry serve`. */
  args?: readonly string[];
  environment?: Readonly<Record<string, string>>;
  /** The working folder, which is kept on stop. @default a new one, with nothing in it */
  folder?: string;
}

/** `ferry serve` in this process, started by its command line alone. */
export interface AtlanServer extends AsyncDisposable {
  /** The API's address, without a path. */
  url: string;
  /** The working folder; its state is in `.ferry`. */
  folder: string;
  /** All that it printed. */
  output(): string;
  /** Each answer that went out, in words. */
  answers: string[];
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Sends a body: a text as it is, anything else as JSON. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** As SIGTERM does, with no grace for runs unless `args` give them one. */
  stop(): Promise<void>;
}

/** The base of Atlan's routes. */
const WORKFLOWS = '/workflows/v1';

/** Starts it on free ports of 127.0.0.1. */
export async function startAtlan(setup: AtlanSetup = {}): Promise<AtlanServer> {
  const folder = setup.folder ?? (await mkdtemp(join(tmpdir(), 'ferry atlan ü ')));
  await mkdir(folder, { recursive: true });
  const end = new AbortController();
  let output = '';
  let ended = false;
  const destination = {
    write(text: string) {
      output += text;
    },
  };
  const running = runCommandLine(
    {
      folder,
      environment: { HEALTH_CHECK_PORT: '0', FERRY_API_PORT: '0', FERRY_GRACE: '0s', ...setup.environment },
      user: 'tester',
      stdout: destination,
      stderr: destination,
      signal: end.signal,
      setExitCode: () => {},
      allowEnding: () => {},
    },
    ['serve', ...(setup.args ?? [])],
  ).finally(() => {
    ended = true;
  });
  const [, url = ''] = await waitFor(
    'the address of the API',
    () => {
      const found = /API: (http:\/\/\S+?)\/?(?=[\s"])/.exec(output);
      if (!found && ended) throw new Error(`It ended: ${output}`);
      return found ?? undefined;
    },
    30_000,
  );
  const answers: string[] = [];
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const base = path.startsWith('/') ? url : `${url}${WORKFLOWS}/`;
    const response = await fetch(`${base}${path}`, { redirect: 'manual', ...init });
    const text = await response.text();
    answers.push(`${[...response.headers].join('\n')}\n${text}`);
    let body: Answer['body'];
    try {
      body = JSON.parse(text);
    } catch {
      body = undefined;
    }
    const data = (body?.data ?? {}) as Answer['data'];
    return { status: response.status, body, data, text, headers: response.headers };
  };
  const stop = async () => {
    end.abort(new CancelledError('The run was interrupted.'));
    await running;
    if (setup.folder === undefined) await rm(folder, { recursive: true, force: true });
  };
  return {
    url,
    folder,
    output: () => output,
    answers,
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, body, headers = {}) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** What `/start` answered. */
export interface StartedRun {
  workflow_id: string;
  run_id: string;
}

/** Starts a run, and returns its ids; throws with the answer when it was not started. */
export async function startRun(atlan: AtlanServer, body: unknown): Promise<StartedRun> {
  const answer = await atlan.post('start', body);
  if (answer.status !== 200) throw new Error(`/start: ${answer.status} ${answer.text}`);
  return answer.data as unknown as StartedRun;
}

/** Asks for the status of a run until it has ended, and returns it. */
export async function endOf(atlan: AtlanServer, { workflow_id, run_id }: StartedRun): Promise<string> {
  return await waitFor(
    () => `the end of run ${run_id}; so far: ${atlan.output()}`,
    async () => {
      const { status, data, text } = await atlan.get(`status/${workflow_id}/${run_id}`);
      if (status !== 200) throw new Error(`/status: ${status} ${text}`);
      return data.status === 'RUNNING' ? undefined : String(data.status);
    },
    40_000,
  );
}
