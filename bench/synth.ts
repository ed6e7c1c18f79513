import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { formatTable } from '../cli/output/output.ts';
import { formatCount } from '../shared/text/format.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const JOBS = [1, 50, 300];
const SOURCES = 10;
const RESOURCES = 500;

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/**
 * `npm run bench -- synth [--repeat 5]`: seconds that `cdk synth` takes by number of jobs, next to those for one job,
 * which is the cost of the CDK and the build. The code is built once before that, because only the first synth fetches
 * it.
 */
export async function measureSynth(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { repeat: { type: 'string', default: '5' } } });
  const repeat = Number(values.repeat);
  const folder = await mkdtemp(join(tmpdir(), 'ferry-bench-'));
  try {
    await synth(folder, 1);
    const samples = new Map(JOBS.map((jobs) => [jobs, [] as Sample[]]));
    // They alternate, so that all get the same share of other load.
    for (let round = 1; round <= repeat; round += 1) {
      for (const jobs of JOBS) {
        process.stderr.write(`  ${round} of ${repeat}: ${formatCount(jobs, 'job')} …\n`);
        samples.get(jobs)?.push(await synth(folder, jobs));
      }
    }
    report(samples, repeat);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Sample {
  seconds: number;
  resources: number;
  templateBytes: number;
}

function configuration(jobs: number) {
  const sources = Array.from({ length: Math.min(jobs, SOURCES) }, (_, index) => `source-${index}`);
  const auth = { type: 'password', secret: 'ferry/source' };
  const syncs = Array.from({ length: jobs }, (_, index) => [
    `table-${index}`,
    {
      source: sources[index % sources.length],
      query: `SELECT * FROM table_${index}`,
      dataset: `ds_${index}`,
      schedule: { cron: `${index % 60} ${index % 24} * * *` },
    },
  ]);
  return {
    version: 1,
    sources: Object.fromEntries(
      sources.map((name) => [name, { type: 'postgres', host: 'db.example.org', database: 'd', auth }]),
    ),
    polyteia: { default: { token: 'ferry/polyteia' } },
    syncs: Object.fromEntries(syncs),
  };
}

async function synth(folder: string, jobs: number): Promise<Sample> {
  const config = join(folder, `${jobs}.yaml`);
  await writeFile(config, stringify(configuration(jobs)));
  const output = join(folder, 'cdk.out');
  const started = performance.now();
  const child = spawn(
    join(ROOT, 'node_modules', '.bin', 'cdk'),
    ['synth', '--quiet', '--output', output, '-c', `config=${config}`],
    { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`cdk synth failed:\n${stderr}`);
  const seconds = (performance.now() - started) / 1000;
  const template = await readFile(join(output, 'Ferry.template.json'), 'utf8');
  await rm(output, { recursive: true });
  const { Resources } = JSON.parse(template) as { Resources: Record<string, unknown> };
  return { seconds, resources: Object.keys(Resources).length, templateBytes: template.length };
}

function report(samples: ReadonlyMap<number, readonly Sample[]>, repeat: number): void {
  const secondsOf = (jobs: number) => median((samples.get(jobs) ?? []).map(({ seconds }) => seconds));
  const rows = [...samples].map(([jobs, [first]]) => [
    formatCount(jobs),
    String(first?.resources),
    `${((first?.templateBytes ?? 0) / 1024).toFixed(0)} KiB`,
    secondsOf(jobs).toFixed(2),
    (secondsOf(jobs) / secondsOf(1)).toFixed(2),
  ]);
  process.stdout.write(
    `\nSeconds of \`cdk synth\`, jobs over ${SOURCES} sources, median of ${repeat} (CloudFormation's limits: ${RESOURCES} resources, 1,024 KiB)\n\n`,
  );
  const header = ['JOBS', 'RESOURCES', 'TEMPLATE', 'SECONDS', '÷ ONE JOB'];
  process.stdout.write(`${formatTable(header, rows, [0, 1, 2, 3, 4])}\n`);
}
