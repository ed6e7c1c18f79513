// npm run bench -- <name>: each benchmark prints its figures next to a floor or a comparison from the same run.
import { measureColdStart } from './cold-start/cold-start.ts';
import { measureConsole } from './console.ts';
import { measureExactness } from './exactness.ts';
import { measureExtraction } from './extraction.ts';
import { measureFerry } from './measured-process.ts';
import { measureMemory } from './memory.ts';
import { measureServe } from './serve.ts';
import { measureSync } from './sync/sync.ts';
import { measureSynth } from './synth.ts';
import { measureWaiting } from './waiting/waiting.ts';

const benchmarks: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  'cold-start': measureColdStart,
  console: measureConsole,
  exactness: measureExactness,
  extraction: measureExtraction,
  memory: measureMemory,
  // Loaded when it is called: the library for charts takes longer to load than the rest.
  plot: async (args) => (await import('./plot/plot.ts')).plot(args),
  serve: measureServe,
  sync: measureSync,
  synth: measureSynth,
  waiting: measureWaiting,
};

// A second -- is a habit of those who call npm, and means nothing here.
const [name = '', ...args] = process.argv.slice(2).filter((word) => word !== '--');
const benchmark = benchmarks[name];
if (benchmark) {
  // The first command in a new clone makes the command line's bundle, which belongs to no figure.
  await measureFerry(['--version'], process.cwd());
  await benchmark(args);
} else {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(benchmarks).join(' | ')}\n`);
  process.exitCode = 2;
}
