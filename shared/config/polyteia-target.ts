import { z } from 'zod';
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
  .refine((value) => !URL.parse(value)?.username, 'a URL without user and password');

const ingest = z
  .strictObject({
    pollInterval: durationBetween('1s', '10m')
      .default('5s')
      .describe('How often Polyteia is asked whether it has read the file: 5s, 1m.'),
    timeout: durationBetween('1s', '24h')
      .default('30m')
      .describe('How long after the upload a run waits for that before it is failed: 30m, 1h30m.'),
  })
  .describe(
    'How the end of an upload is waited for. The session API only: an upload to the classic one is done when it is answered.',
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
      .describe('Generation of the API. Default: session where an organization is given, else classic.'),
    baseUrl: baseUrl
      .optional()
      .describe(
        `Address of Polyteia. Default: ${baseUrls.classic} (classic), ${baseUrls.session} (session).`,
      ),
    format: z
      .enum(['parquet', 'csv'])
      .default('parquet')
      .describe(
        'What a result is uploaded as. Both APIs are known to take CSV; that the session API takes Parquet is not documented. docs/types.md ("As CSV") says what becomes of each type.',
      ),
    ingest: ingest.prefault({}),
    verify: z
      .enum(['off', 'warn', 'strict'])
      .default('warn')
      .describe(
        'Whether the dataset must show an upload afterwards (size, type, time). warn: a difference is a warning; strict: it fails the run. The classic API only: an upload to the session API says itself when it is done.',
      ),
  })
  .refine(({ api, organization }) => api !== 'session' || organization !== undefined, {
    path: ['organization'],
    error: "the organization's id or slug, as the session API needs it",
  })
  .transform((target) => {
    const api = target.api ?? (target.organization === undefined ? 'classic' : 'session');
    return { ...target, api, baseUrl: target.baseUrl ?? baseUrls[api] };
  })
  .describe('A Polyteia organization to upload to.');
export type PolyteiaTargetConfig = z.infer<typeof polyteiaTarget>;
