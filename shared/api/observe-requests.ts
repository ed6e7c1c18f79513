import { metrics } from '@opentelemetry/api';
import { inSpan, markFailed, SCOPE } from '../telemetry/in-span.ts';
import { contextOf } from '../telemetry/trace-context.ts';
import type { Api } from './api.ts';

/** The bounds that the semantic conventions advise. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Anything else could be anything. */
const METHODS = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/;

/**
 * Measures each request, in a span that goes on with the caller's trace: by the semantic conventions for HTTP servers,
 * with the route and never the path, which anybody may invent.
 *
 * @param routeOf the route of a path, such as `/runs/{id}`
 */
export function observeRequests(
  api: Pick<Api, 'fetch'>,
  routeOf: (path: string) => string | undefined,
): Pick<Api, 'fetch'> {
  return {
    async fetch(request, ...rest) {
      const started = performance.now();
      const method = METHODS.test(request.method) ? request.method : '_OTHER';
      const { pathname, protocol } = new URL(request.url);
      const route = routeOf(pathname);
      const attributes = {
        'http.request.method': method,
        'url.scheme': protocol.replace(':', ''),
        ...(route === undefined ? {} : { 'http.route': route }),
      };
      // As the conventions have it for a method that nobody knows.
      const named = method === '_OTHER' ? 'HTTP' : method;
      const name = route === undefined ? named : `${named} ${route}`;
      const parent = contextOf(request.headers.get('traceparent') ?? undefined);
      return inSpan(name, { kind: 'server', attributes, parent }, async (span) => {
        const response = await api.fetch(request, ...rest);
        const { status } = response;
        span.setAttribute('http.response.status_code', status);
        if (status >= 500) markFailed(span, String(status));
        metrics
          .getMeter(SCOPE)
          .createHistogram('http.server.request.duration', {
            unit: 's',
            description: 'How long requests to the API take',
            advice: { explicitBucketBoundaries: SECONDS },
          })
          .record((performance.now() - started) / 1_000, {
            ...attributes,
            'http.response.status_code': status,
            ...(status >= 500 ? { 'error.type': String(status) } : {}),
          });
        return response;
      });
    },
  };
}
