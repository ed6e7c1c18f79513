import * as z from 'zod';
import { MAX_BODY_BYTES } from '../../api/check-request.ts';
import { answerProblem, ProblemError } from '../../api/problems.ts';
import { readLimited } from '../../api/read-limited.ts';
import * as routes from '../../api/routes.ts';
import { SOURCE_ROUTES } from '../../atlan/atlan-routes.ts';
import { MAX_BODY_BYTES as FORM_BYTES } from '../../atlan/read-body.ts';
import type { Language } from '../../config/schema/language.ts';
import { isLoopbackName } from '../listeners/loopback.ts';
import { type BrowserAccess, createBrowserSessions, KEY_HEADER } from './browser-sessions.ts';
import { answerFile, CONSOLE_FILES, type ConsoleFile, consoleFolder, PAGE_HEADERS } from './console-files.ts';

/** What a console shows, and to whom. */
export interface ConsoleOptions {
  /** What it asks: the API in this process, or that of a stack. Gets paths of the API, such as `/jobs`. */
  api: (request: Request) => Promise<Response>;
  /** Where its pages are on the listener. */
  path: '/' | '/console/';
  access: BrowserAccess;
  /** Whether it only answers under names of this machine, so that no other name can be made to lead here. */
  localOnly: boolean;
  /** Of its pages, until somebody chooses another one there. @default what the browser asks for */
  language?: Language | undefined;
  /** What it shows, for the title: the name of a stack, or of a configuration. */
  subject: string;
  /** Where the pages are. @default that of the bundle */
  folder?: string;
}

/** The routes that its pages use: no other request is passed on. */
const USED = [
  routes.listJobs,
  routes.getJob,
  routes.postRun,
  routes.listJobRuns,
  routes.listRuns,
  routes.getRun,
  routes.cancelRun,
  routes.acceptRun,
  routes.resendRun,
  routes.postCheck,
  routes.getCheck,
  routes.getRunLog,
  routes.getRunManifest,
  routes.getSetup,
  routes.getPlannedRuns,
  routes.postConfig,
  routes.postColumns,
  ...SOURCE_ROUTES,
].map(({ method, path }) => `${method.toUpperCase()} ${path}`);

const PASSED_ON = ['content-type', 'idempotency-key'];
// What the page uses. Others may be untrue by then (fetch has unpacked the body), or are not for this origin.
const PASSED_BACK = ['content-type', 'cache-control', 'location', 'retry-after', 'allow'];
const MAX_SIGN_IN_BYTES = 4_096;

const signInSchema = z.strictObject({ token: z.string().optional() });

/**
 * The console: its pages, and what they may ask of the API. It takes nothing from a page of another origin, even if
 * that leads the browser here under a name of its own: a request needs a cookie that no other site makes the browser
 * send, the key that the page got with it, in a header, and an origin that is this one.
 *
 * @returns answers a request below the path
 */
export function createConsole(options: ConsoleOptions): (request: Request) => Promise<Response> {
  const { path, access, localOnly, subject, language, api, folder = consoleFolder() } = options;
  const about = { subject, ...(language === undefined ? {} : { language }) };
  const sessions = createBrowserSessions(access, { path });
  const secure = (cookie: string, { headers }: Request) =>
    headers.get('x-forwarded-proto') === 'https' ? `${cookie}; Secure` : cookie;

  async function signIn(request: Request): Promise<Response> {
    if (request.method === 'DELETE')
      return Response.json({ signedIn: false }, { headers: { 'set-cookie': sessions.close(request) } });
    if (request.method !== 'POST')
      return Response.json({
        signedIn: sessions.isOpen(request),
        needsToken: access.type !== 'open',
        ...about,
      });
    const sent = signInSchema.safeParse(parseJson(await bodyOf(request, MAX_SIGN_IN_BYTES))).data;
    const opened = sent && sessions.open(sent.token);
    if (opened === undefined) throw new ProblemError(401, 'This is not the token.');
    const { cookie, key } = opened;
    return Response.json(
      { signedIn: true, ...about, key },
      { headers: { 'set-cookie': secure(cookie, request) } },
    );
  }

  async function ask(request: Request, route: string): Promise<Response> {
    if (!sessions.isOpen(request)) throw new ProblemError(401, 'The session has ended. Sign in again.');
    const { method } = request;
    if (!USED.some((one) => isUsed(one, method, route)))
      throw new ProblemError(404, 'The console does not use this route.');
    const headers = pick(request.headers, PASSED_ON);
    // Filters and queries of the set-up form are longer than a reason.
    const isOfForm = /^\/(workflows|setup)\//.test(route);
    const body = method === 'GET' ? undefined : await bodyOf(request, isOfForm ? FORM_BYTES : MAX_BODY_BYTES);
    const { search } = new URL(request.url);
    const asked = new Request(`https://ferry${route}${search}`, {
      method,
      headers,
      signal: request.signal,
      ...(body ? { body } : {}),
    });
    const { status, body: answered, headers: all } = await api(asked);
    return new Response(answered, { status, headers: pick(all, PASSED_BACK) });
  }

  async function answer(request: Request): Promise<Response> {
    const host = request.headers.get('host') ?? '';
    if (localOnly && !isLoopbackName(host))
      throw new ProblemError(403, 'The console is only there under the name of this machine: 127.0.0.1.');
    const { pathname } = new URL(request.url);
    if (`${pathname}/` === path)
      return new Response(null, { status: 308, headers: { location: path.slice(1) } });
    const asked = pathname.slice(path.length);
    const file = asked === '' ? 'index.html' : asked;
    if (isFile(file) && (request.method === 'GET' || request.method === 'HEAD'))
      return answerPage(folder, file, request);
    if (asked !== 'session' && !asked.startsWith('api/'))
      throw new ProblemError(404, 'There is no such page.');
    if (!isOwn(request, host)) throw new ProblemError(403, 'The console only answers its own pages.');
    return asked === 'session' ? signIn(request) : ask(request, asked.slice('api'.length));
  }

  return async (request) => {
    try {
      return withPageHeaders(await answer(request));
    } catch (error) {
      if (error instanceof ProblemError) return withPageHeaders(answerProblem(error));
      throw error;
    }
  };
}

function answerPage(folder: string | undefined, file: ConsoleFile, request: Request): Promise<Response> {
  if (folder !== undefined) return answerFile(folder, file, request);
  throw new ProblemError(503, 'The pages are not built: start Ferry with npm run ferry.');
}

/** Whether a page of this console sent a request. A program that shows no origin still needs header and session. */
function isOwn({ headers }: Request, host: string): boolean {
  const origin = headers.get('origin');
  const site = headers.get('sec-fetch-site');
  if (headers.get(KEY_HEADER) === null) return false;
  if (site !== null && site !== 'same-origin') return false;
  return origin === null || (URL.canParse(origin) && new URL(origin).host === host.toLowerCase());
}

const pick = (headers: Headers, names: readonly string[]): [string, string][] =>
  names.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value]];
  });

function isUsed(used: string, method: string, route: string): boolean {
  const [wanted, path = ''] = used.split(' ');
  return wanted === method && routes.isPathOf(path, route);
}

const isFile = (name: string): name is ConsoleFile => Object.hasOwn(CONSOLE_FILES, name);

function withPageHeaders(response: Response): Response {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(PAGE_HEADERS)) headers.set(name, value);
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
  return new Response(response.body, { status: response.status, headers });
}

/** Whoever has not signed in may send anything: no more of it is kept than a page sends. */
const bodyOf = (request: Request, maxBytes: number) =>
  readLimited(
    request,
    maxBytes,
    () =>
      new ProblemError(413, `A body may have at most ${maxBytes} bytes.`, {
        headers: { connection: 'close' },
      }),
  );

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
