import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The files of the console, as infra/code/bundle-console.ts makes them, and their types. */
export const CONSOLE_FILES = {
  'index.html': 'text/html; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'console.css': 'text/css; charset=utf-8',
} as const;
export type ConsoleFile = keyof typeof CONSOLE_FILES;

/** Where the files are: in a folder of the bundle. Undefined when Ferry runs from its modules. */
export function consoleFolder(): string | undefined {
  const folder = join(import.meta.dirname, 'console');
  return existsSync(join(folder, 'console.js')) ? folder : undefined;
}

// Nothing comes from elsewhere, nothing is written into the page as code or style, and nothing may embed it.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** For every answer to a browser. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Answers a request for a file. The browser asks each time whether what it has is still right. */
export async function answerFile(folder: string, file: ConsoleFile, request: Request): Promise<Response> {
  const content = await readFile(join(folder, file));
  const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
  const headers = { ...PAGE_HEADERS, 'content-type': CONSOLE_FILES[file], 'cache-control': 'no-cache', etag };
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers });
  return new Response(request.method === 'HEAD' ? null : new Uint8Array(content), { headers });
}
