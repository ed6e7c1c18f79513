import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

/** Records the spans of this process until it is disposed of. */
export function recordSpans() {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  return {
    /** The spans that have ended, in the order of their ends. */
    all: () => exporter.getFinishedSpans(),
    /** The first one of a name. */
    named(name: string) {
      const found = exporter.getFinishedSpans().find((span) => span.name === name);
      if (!found) throw new Error(`There is no span "${name}".`);
      return found;
    },
    async [Symbol.asyncDispose]() {
      trace.disable();
      context.disable();
      await provider.shutdown();
    },
  };
}
