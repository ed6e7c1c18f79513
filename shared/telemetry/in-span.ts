import {
  type Attributes,
  type Context,
  context,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { errorTypeOf } from './error-type.ts';

/** The name under which all telemetry of Ferry's own code is recorded. */
export const SCOPE = 'ferry';

const kinds = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT, server: SpanKind.SERVER } as const;

export interface SpanSettings {
  /** Names, counts and classes only: never a secret, a data value, SQL or the text of an error. */
  attributes?: Attributes;
  /** @default internal */
  kind?: keyof typeof kinds;
  /** @default the span that is under way */
  parent?: Context;
  links?: readonly (SpanContext | undefined)[];
}

/**
 * Does a piece of work in a span. Costs next to nothing unless something listens (start-telemetry.ts). An error ends
 * the span with its class: its message may hold what must not leave the process.
 */
export async function inSpan<T>(
  name: string,
  { attributes = {}, kind = 'internal', parent, links = [] }: SpanSettings,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const options = {
    kind: kinds[kind],
    attributes,
    links: links.flatMap((link) => (link ? [{ context: link }] : [])),
  };
  return trace.getTracer(SCOPE).startActiveSpan(name, options, parent ?? context.active(), async (span) => {
    try {
      return await work(span);
    } catch (error) {
      markFailed(span, errorTypeOf(error));
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Says that what a span stands for failed, and the class of its error. */
export function markFailed(span: Span, errorType: string): void {
  span.setAttribute('error.type', errorType);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
