import { trace } from '@opentelemetry/api';
import { expect, it } from 'vitest';
import { contextOf, validTraceparent } from '../../../shared/telemetry/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

it.each([
  [`00-${TRACE}-${SPAN}-01`, 1],
  [` 00-${TRACE}-${SPAN}-00\n`, 0],
  // A later version, and flags that are not known today.
  [`01-${TRACE}-${SPAN}-03`, 1],
  [`cc-${TRACE}-${SPAN}-00-more\u0001`, 0],
])('%j is a trace', (text, traceFlags) => {
  const expected = { traceId: TRACE, spanId: SPAN, traceFlags, isRemote: true };
  expect(trace.getSpanContext(contextOf(text))).toEqual(expected);
  expect(validTraceparent(text)).toBe(`00-${TRACE}-${SPAN}-0${traceFlags}`);
});

it.each([
  undefined,
  '',
  'x',
  `ff-${TRACE}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}-01\r\nx: y`,
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-01-more`,
  `01-${TRACE}-${SPAN}-01more`,
  `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
])('%j is none, and nothing is refused for it', (text) => {
  expect(trace.getSpanContext(contextOf(text))).toBeUndefined();
  expect(validTraceparent(text)).toBeUndefined();
});
