import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { compileOnce, SMALL } from '../go/compile-once.ts';

const VERSION = 'v0.165.0';
const MODULE = 'go.opentelemetry.io/collector';

// It takes OTLP, and passes it on as JSON, which tests read.
const manifest = {
  dist: { name: 'otelcol', output_path: './source', module: 'ferry.test/otelcol' },
  receivers: [{ gomod: `${MODULE}/receiver/otlpreceiver ${VERSION}` }],
  exporters: [{ gomod: `${MODULE}/exporter/otlphttpexporter ${VERSION}` }],
  // The environment's is what names without a scheme belong to.
  providers: ['env', 'file'].map((name) => ({ gomod: `${MODULE}/confmap/provider/${name}provider v1.71.0` })),
};

/** OpenTelemetry's Collector, with the few components that tests need, as its own builder makes it. */
export const collectorProgram = (): Promise<string> =>
  compileOnce({ name: 'otelcol', version: VERSION }, async (run, folder) => {
    const source = join(folder, 'source');
    await writeFile(join(folder, 'builder.yaml'), stringify(manifest));
    await run('go', ['install', '-trimpath', SMALL, `${MODULE}/cmd/builder@${VERSION}`]);
    await run(join(folder, 'builder'), ['--config', 'builder.yaml', '--skip-compilation']);
    await run('go', ['build', '-trimpath', SMALL, '-o', join(folder, 'otelcol'), '.'], source);
    await Promise.all([rm(source, { recursive: true }), rm(join(folder, 'builder'))]);
  });
