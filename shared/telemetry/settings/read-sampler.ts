import type { Variable } from './variables.ts';

/** Which traces are recorded. */
export interface SamplerSettings {
  /** The part of the traces that begin here, from 0 to 1. */
  ratio: number;
  /** Whether a trace that somebody else has begun is recorded if they record it. */
  asParent: boolean;
}

const ALL: SamplerSettings = { ratio: 1, asParent: true };

/** Reads OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG, with the names of the specification. */
export function readSampler(variable: Variable, warn: (message: string) => void): SamplerSettings {
  const named = variable('OTEL_TRACES_SAMPLER')?.toLowerCase() ?? 'parentbased_always_on';
  const asParent = named.startsWith('parentbased_');
  switch (named.replace('parentbased_', '')) {
    case 'always_on':
      return { ratio: 1, asParent };
    case 'always_off':
      return { ratio: 0, asParent };
    case 'traceidratio':
      return { ratio: readRatio(variable('OTEL_TRACES_SAMPLER_ARG'), warn), asParent };
    default:
      warn(
        'OTEL_TRACES_SAMPLER: expected always_on, always_off, traceidratio, or parentbased_ and one of these.',
      );
      return ALL;
  }
}

function readRatio(text: string | undefined, warn: (message: string) => void): number {
  const ratio = Number(text ?? 1);
  if (ratio >= 0 && ratio <= 1) return ratio;
  warn('OTEL_TRACES_SAMPLER_ARG: expected a number from 0 to 1; all traces are recorded.');
  return 1;
}
