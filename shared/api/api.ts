import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiEnvironment } from './dependencies.ts';

/** The API while its routes are added, and as it listens. */
export type Api = OpenAPIHono<ApiEnvironment>;
