// npm run bench -- <name>: each benchmark prints its figures next to a floor or a comparison from the same run.
import { measureExactness } from './exactness.ts';
import { measureExtraction } from './extraction.ts';
import { measureMemory } from './memory.ts';
import { measureServe } from './serve.ts';
import { measureSynth } from './synth.ts';

const benchmarks: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  exactness: measureExactness,
  extraction: measureExtraction,
  memory: measureMemory,
  serve: measureServe,
  synth: measureSynth,
};

const [name = '', ...args] = process.argv.slice(2);
const benchmark = benchmarks[name];
if (benchmark) {
  await benchmark(args);
} else {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(benchmarks).join(' | ')}\n`);
  process.exitCode = 2;
}
