import {
  type Context,
  context,
  createContextKey,
  isSpanContextValid,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from '@opentelemetry/api';

/** The ids of a span, as records and log lines carry them. */
export interface TraceIds {
  traceId: string;
  spanId: string;
}

const PROBE = createContextKey('ferry.probe');
// What a later version has besides is behind the flags: https://www.w3.org/TR/trace-context/#versioning-of-traceparent
const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** Reads a W3C `traceparent`; undefined for anything else, which is no reason to refuse what it came with. */
function parseTraceparent(text: string | undefined): SpanContext | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] = TRACEPARENT.exec(text?.trim() ?? '') ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  const parsed = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(parsed) ? parsed : undefined;
}

/** A `traceparent` as it is passed on, in the version that Ferry knows; undefined for anything else. */
export function validTraceparent(text: string | undefined): string | undefined {
  const parsed = parseTraceparent(text);
  return parsed && traceparentOf(parsed);
}

const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-0${traceFlags & 1}`;

/** The context that a `traceparent` stands for; without a valid one, that of a new trace. */
export function contextOf(traceparent: string | undefined): Context {
  const parent = parseTraceparent(traceparent);
  return parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
}

/** Does work whose spans belong to a context. */
export const runInContext = <T>(within: Context, work: () => T): T => context.with(within, work);

/** The span that is under way; undefined when nothing is traced. */
export function activeSpanContext(): SpanContext | undefined {
  const active = trace.getSpanContext(context.active());
  return active && isSpanContextValid(active) ? active : undefined;
}

/** Whether this process records traces: only then, contexts are kept (otel/open-otel.ts). */
export const recordsTraces = (): boolean =>
  context.with(ROOT_CONTEXT.setValue(PROBE, true), () => context.active().getValue(PROBE) === true);

/** The ids of the span that is under way; undefined when nothing is traced. */
export function activeTraceIds(): TraceIds | undefined {
  const active = activeSpanContext();
  return active && { traceId: active.traceId, spanId: active.spanId };
}

/** The W3C `traceparent` of the span that is under way, to be sent to who goes on with the trace. */
export function activeTraceparent(): string | undefined {
  const active = activeSpanContext();
  return active && traceparentOf(active);
}

/** A span that another attempt or process has left its ids of, to link to. */
export function linkTo(
  ids: { [Id in keyof TraceIds]?: string | undefined } | undefined,
): SpanContext | undefined {
  const { traceId = '', spanId = '' } = ids ?? {};
  const linked = { traceId, spanId, traceFlags: 1, isRemote: true };
  return isSpanContextValid(linked) ? linked : undefined;
}
