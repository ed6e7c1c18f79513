import * as stable from '@opentelemetry/semantic-conventions';
import * as experimental from '@opentelemetry/semantic-conventions/incubating';
import { expect } from 'vitest';
import type { Received } from './received.ts';

const namesIn = (module: object, prefix: string): Set<unknown> =>
  new Set(Object.entries(module).flatMap(([name, value]) => (name.startsWith(prefix) ? [value] : [])));

const attributes = namesIn(stable, 'ATTR_');
const metrics = namesIn(stable, 'METRIC_');

/** Not yet stable, and not replaced by anything. */
const newer = {
  attributes: ['cpu.mode', 'deployment.environment.name'],
  metrics: ['process.memory.usage', 'process.cpu.time', 'process.uptime'],
};

/** Everything is Ferry's own, or has the name that OpenTelemetry's list of today gives it. */
export function expectConventions({ spans, metrics: received }: Received): void {
  for (const name of newer.attributes) expect(namesIn(experimental, 'ATTR_')).toContain(name);
  for (const name of newer.metrics) expect(namesIn(experimental, 'METRIC_')).toContain(name);
  const used = [...spans, ...received.flatMap(({ points }) => points)].flatMap((one) =>
    Object.keys(one.attributes),
  );
  const isForeign = (name: string) => !name.startsWith('ferry.');
  const unknown = new Set([
    ...used.filter((name) => isForeign(name) && !attributes.has(name) && !newer.attributes.includes(name)),
    ...received
      .map(({ name }) => name)
      .filter((name) => isForeign(name) && !metrics.has(name) && !newer.metrics.includes(name)),
  ]);
  expect([...unknown]).toEqual([]);
}
