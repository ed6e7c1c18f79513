import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Hono } from 'hono';
import type { ApiEnvironment } from '../../api/dependencies.ts';
import { openApiDocument } from '../../api/openapi-document.ts';
import { atlanRoutes } from '../../atlan/atlan-routes.ts';

/** What of the package a page needs; a bundle has these files in its own folder. */
export const DOCS_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js'] as const;

const TYPES: Readonly<Record<string, string>> = { css: 'text/css', js: 'text/javascript' };

// The page loads nothing from elsewhere, and nothing may embed it. Its library writes styles into elements.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Ferry: API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#docs', validatorUrl: null, deepLinking: true });\n`;

/** Whether a path belongs to the pages that show what the API can do. */
export const isDocsPath = (path: string) =>
  path === '/' || path === '/openapi.json' || /^\/docs(\/|$)/.test(path);

/** The OpenAPI document, and a page that shows it. */
export function createDocsPages(): Hono<ApiEnvironment> {
  const pages = new Hono<ApiEnvironment>();
  pages.use(async (context, next) => {
    await next();
    context.res.headers.set('content-security-policy', POLICY);
    context.res.headers.set('x-content-type-options', 'nosniff');
    context.res.headers.set('referrer-policy', 'no-referrer');
  });
  let document: object | undefined;
  pages.get('/', (context) => context.redirect('docs', 302));
  pages.get('/docs', (context) => context.html(PAGE));
  pages.get('/docs/start.js', (context) => context.body(START, 200, { 'content-type': 'text/javascript' }));
  for (const file of DOCS_FILES)
    pages.get(`/docs/${file}`, async (context) => {
      const type = TYPES[file.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
      return context.body(new Uint8Array(await readFile(join(docsFolder(), file))), 200, {
        'content-type': type,
      });
    });
  pages.get('/openapi.json', (context) => {
    document ??= { ...openApiDocument(atlanRoutes), servers: [{ url: '.' }] };
    return context.json(document);
  });
  return pages;
}

/** Where the package's files are: next to a bundle, else in the package itself. */
export function docsFolder(): string {
  const { dirname: here } = import.meta;
  if (existsSync(join(here, DOCS_FILES[0]))) return here;
  return dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
}
