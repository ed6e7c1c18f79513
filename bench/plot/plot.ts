import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** What one form of a sync took for a result of one size, in the median. */
export interface FormBySize {
  form: string;
  rows: number;
  seconds: number;
  cpuSeconds: number;
  peakMiB: number;
}

/** Readable on white and on black. */
const TEXT = '#7d8590';
const GRID = '#7d859040';
/** Those of Okabe and Ito that are neither too light for white nor too dark for black. */
const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b8860b'];

/**
 * `npm run bench -- plot [--from docs/performance/by-size.json] [--to docs/performance]`: draws what `npm run bench --
 * memory --save` measured, as seconds.svg and memory.svg.
 */
export async function plot(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      from: { type: 'string', default: 'docs/performance/by-size.json' },
      to: { type: 'string', default: 'docs/performance' },
    },
  });
  const measured: FormBySize[] = JSON.parse(await readFile(values.from, 'utf8'));
  await mkdir(values.to, { recursive: true });
  const charts = [
    { file: 'seconds.svg', field: 'seconds', title: 'Seconds of a sync by rows of its result' },
    { file: 'memory.svg', field: 'peakMiB', title: 'Peak memory (MiB) of a sync by rows of its result' },
  ] as const;
  for (const chart of charts) await writeFile(join(values.to, chart.file), await draw(measured, chart));
}

/** @returns SVG with a transparent background */
export async function draw(
  measured: readonly FormBySize[],
  { field, title }: { field: 'seconds' | 'peakMiB'; title: string },
): Promise<string> {
  const spec: TopLevelSpec = {
    width: 560,
    height: 280,
    background: 'transparent',
    title: { text: title, color: TEXT, fontSize: 14 },
    data: { values: measured.filter(({ rows }) => rows > 1).map((each) => ({ ...each })) },
    mark: { type: 'line', point: { size: 50, filled: true }, strokeWidth: 2.5 },
    encoding: {
      x: {
        field: 'rows',
        type: 'quantitative',
        title: 'million rows of 16 columns',
        axis: { labelExpr: 'datum.value / 1e6', tickCount: 6 },
      },
      y: { field, type: 'quantitative', title: null, scale: { zero: true } },
      color: { field: 'form', type: 'nominal', title: null, sort: null, scale: { range: COLORS } },
      strokeDash: { field: 'form', type: 'nominal', title: null, sort: null },
    },
    config: {
      font: 'system-ui, sans-serif',
      axis: { labelColor: TEXT, titleColor: TEXT, gridColor: GRID, domainColor: TEXT, tickColor: TEXT },
      legend: { labelColor: TEXT, orient: 'bottom', columns: 3, symbolStrokeWidth: 3, labelLimit: 300 },
      view: { stroke: null },
    },
  };
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  return `${await view.toSVG()}\n`;
}
