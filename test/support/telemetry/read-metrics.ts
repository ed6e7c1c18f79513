import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { prometheusEnvironment } from '../processes/python.ts';

const script = fileURLToPath(new URL('./read_metrics.py', import.meta.url));

/** A metric as Prometheus knows it; a counter without its `_total`. */
export interface MetricFamily {
  name: string;
  type: string;
  help: string;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

/** Reads what `/metrics` answers, by a parser of Prometheus' own. Throws what that has against it. */
export async function readMetrics(text: string): Promise<MetricFamily[]> {
  const { python } = await prometheusEnvironment();
  return JSON.parse(
    execFileSync(python, ['-I', script], {
      input: text,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    }),
  );
}
