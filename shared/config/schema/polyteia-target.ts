import * as z from 'zod';
import { durationBetween } from './duration.ts';
import { secretRef } from './secret-ref.ts';

const baseUrls = { classic: 'https://app.polyteia.com', session: 'https://web.polyteia.de' } as const;

const isLoopback = (host: string) =>
  host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);

const baseUrl = z
  .url({ protocol: /^https?$/, error: 'a URL such as https://app.polyteia.com' })
  .refine((value) => {
    const url = URL.parse(value);
    return url === null || url.protocol === 'https:' || isLoopback(url.hostname);
  }, 'an https:// URL: the key must not travel unencrypted')
  .refine((value) => !URL.parse(value)?.username, 'a URL without user and password')
  // Paths are added at its end.
  .refine((value) => !/[?#]/.test(value), 'a URL that ends before any ? or #');

const ingest = z
  .strictObject({
    pollInterval: durationBetween('1s', '10m')
      .default('5s')
      .describe('How often to ask Polyteia whether it has read the file: 5s, 1m.'),
    timeout: durationBetween('1s', '24h')
      .default('30m')
      .describe('How long a run waits for that after the upload before it fails: 30m, 1h30m.'),
  })
  .describe(
    'How to wait for the end of an upload. Session API only: an upload to the classic API is done when the API answers.',
  );

/** A Polyteia organization to upload to: one entry of `polyteia` in ferry.yaml. */
export const polyteiaTarget = z
  .strictObject({
    token: secretRef.describe(
      'Secret that holds the personal access key: the key itself, or JSON {"token": "pak_…"}.',
    ),
    organization: z
      .string()
      .regex(
        /^(?!pak_)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
        "an organization's id (org_…) or slug, as in its address",
      )
      .optional()
      .describe("The organization's id (org_…) or slug. Needed by the session API."),
    api: z
      .enum(['classic', 'session'])
      .optional()
      .describe('Generation of the API. Default: session if an organization is given, else classic.'),
    baseUrl: baseUrl
      .optional()
      .describe(
        `Address of Polyteia. Default: ${baseUrls.classic} (classic), ${baseUrls.session} (session).`,
      ),
    format: z
      .enum(['parquet', 'csv'])
      .default('parquet')
      .describe(
        'Format of the upload. Both APIs are known to accept CSV; it is not documented whether the session API accepts Parquet. docs/types.md ("As CSV") shows how each type is written.',
      ),
    ingest: ingest.prefault({}),
    verify: z
      .enum(['off', 'warn', 'strict'])
      .default('warn')
      .describe(
        'Whether the dataset must show an upload afterwards (size, type, time). warn: a difference is a warning; strict: it fails the run. Classic API only: the session API itself reports when an upload is done.',
      ),
  })
  .refine(({ api, organization }) => api !== 'session' || organization !== undefined, {
    path: ['organization'],
    error: "the organization's id or slug, because the session API needs it",
  })
  .transform((target) => {
    const api = target.api ?? (target.organization === undefined ? 'classic' : 'session');
    return { ...target, api, baseUrl: target.baseUrl ?? baseUrls[api] };
  })
  .describe('A Polyteia organization to upload to.');
export type PolyteiaTargetConfig = z.infer<typeof polyteiaTarget>;
