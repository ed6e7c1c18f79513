import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inSpan } from '../../../shared/telemetry/in-span.ts';
import { startTelemetry } from '../../../shared/telemetry/start-telemetry.ts';
import { makeCertificates } from '../../support/network/certificates.ts';
import { withEnvironment } from '../../support/processes/process-environment.ts';
import { startCollector } from '../../support/telemetry/collector-stand-in.ts';

let folder: string;
let collector: Awaited<ReturnType<typeof startCollector>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry telemetry ü '));
  const { authority, collector: own } = await makeCertificates({
    collector: { hosts: ['127.0.0.1'], days: 1 },
  });
  await writeFile(join(folder, 'ca.pem'), authority.cert);
  collector = await startCollector('accepts', own);
});
afterAll(async () => {
  await collector?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Sends a span, and returns what was warned of. */
function send(environment: Readonly<Record<string, string>>): Promise<string[]> {
  collector.delivered.splice(0);
  const variables = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`, ...environment };
  // The SDK reads these of the process.
  return withEnvironment(variables, async () => {
    const warnings: string[] = [];
    const telemetry = await startTelemetry(variables, { warn: (text) => warnings.push(text) });
    await inSpan('work', {}, async () => {});
    await telemetry.end();
    return warnings;
  });
}

describe('a collector behind TLS', () => {
  it.each(['OTEL_EXPORTER_OTLP_CERTIFICATE', 'OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE'])(
    'of an authority of its own is trusted by %s',
    async (variable) => {
      expect(await send({ [variable]: join(folder, 'ca.pem') })).toEqual([]);
      expect(collector.paths()).toEqual(['/v1/traces']);
    },
  );

  it('that nobody has said to trust gets nothing, and the warning says why', async () => {
    const warnings = await send({});
    expect(warnings).toEqual([expect.stringMatching(/not received .*: [A-Z_]*CERT[A-Z_]* |VERIFY/)]);
    expect(collector.delivered).toEqual([]);
  });

  it('takes what is compressed', async () => {
    const compressed = { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' };
    expect(await send({ ...compressed, OTEL_EXPORTER_OTLP_CERTIFICATE: join(folder, 'ca.pem') })).toEqual([]);
    expect(collector.delivered.map(({ headers }) => headers['content-encoding'])).toEqual(['gzip']);
  });
});
