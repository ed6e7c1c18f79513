import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort, spawnBound } from '../processes/bound-process.ts';
import { waitFor } from '../processes/wait-for.ts';
import { collectorProgram } from './collector-program.ts';
import { startCollector } from './collector-stand-in.ts';
import { type Received, received } from './received.ts';

/** OpenTelemetry's Collector, and what it has received and understood. */
export interface RealCollector extends AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string;
  /** What it has passed on so far. */
  received(): Received;
  /** All of that as it was passed on. */
  text(): string;
  /** Forgets it. */
  clear(): void;
}

/** Starts one. It answers only when what it was sent has been passed on, so nobody need wait for that. */
export async function startRealCollector(): Promise<RealCollector> {
  const [program, folder, port, sink] = await Promise.all([
    collectorProgram(),
    mkdtemp(join(tmpdir(), 'ferry collector ')),
    freePort(),
    startCollector(),
  ]);
  const file = join(folder, 'config.yaml');
  const pipeline = { receivers: ['otlp'], exporters: ['otlp_http'] };
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: {
      otlp_http: {
        endpoint: sink.url,
        encoding: 'json',
        compression: 'none',
        sending_queue: { enabled: false },
        retry_on_failure: { enabled: false },
      },
    },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: pipeline, metrics: pipeline, logs: pipeline },
    },
  };
  await writeFile(file, stringify(config));
  const logFile = join(folder, 'collector.log');
  const child = await spawnBound(program, ['--config', `file:${file}`], {
    env: { PATH: process.env.PATH },
    cwd: folder,
    logFile,
    folder,
  });
  const url = `http://127.0.0.1:${port}`;
  await waitFor(
    () => `a collector; so far: ${child.logTail()}`,
    async () => {
      if (child.hasEnded()) throw new Error(`The collector has ended: ${child.logTail()}`);
      const answer = await fetch(`${url}/v1/traces`, {
        method: 'POST',
        headers: JSON_HEADERS,
        body: '{}',
      }).catch(() => undefined);
      return answer?.ok || undefined;
    },
    30_000,
  );
  sink.delivered.splice(0);
  return {
    url,
    received: () => received(sink.delivered),
    text: () => sink.text(),
    clear: () => void sink.delivered.splice(0),
    async [Symbol.asyncDispose]() {
      await child.stop('SIGTERM', 5_000);
      await sink[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const JSON_HEADERS = { 'content-type': 'application/json' };
