import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import type { Run } from '../calls/types.ts';
import { durationOf } from '../logic/spark.ts';
import { useWords } from '../words/use-words.ts';

const HEIGHT = 180;
const LEAST_WIDTH = 240;

/** What is plotted of the runs. */
type Measure = 'duration' | 'rows';

/**
 * The past of a job as a plot. The table of runs below it has the same numbers, for who cannot see it.
 *
 * @param runs newest first
 */
export function HistoryPlot({ runs, measure }: { runs: readonly Run[]; measure: Measure }) {
  const { words, formats, language } = useWords();
  const place = useRef<HTMLDivElement>(null);
  const title = measure === 'duration' ? words.job.durationPlot : words.job.rowsPlot;
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const dark = matchMedia('(prefers-color-scheme: dark)');
    let plot: UPlot | undefined;
    const draw = () => {
      plot?.destroy();
      plot = new UPlot(optionsOf(element, { title, show, dateOf }), dataOf(runs, measure), element);
    };
    const show = (value: number) => (measure === 'duration' ? formats.duration(value) : formats.count(value));
    const dateOf = (index: number) => {
      // The newest is at the right.
      const startedAt = Number.isInteger(index) ? runs[runs.length - 1 - index]?.startedAt : undefined;
      return startedAt === undefined ? '' : formats.day(startedAt);
    };
    draw();
    const sized = new ResizeObserver(() => plot?.setSize({ width: widthOf(element), height: HEIGHT }));
    sized.observe(element);
    // A canvas does not pick up the colours of the page.
    dark.addEventListener('change', draw);
    return () => {
      dark.removeEventListener('change', draw);
      sized.disconnect();
      plot?.destroy();
    };
  }, [runs, measure, language]);
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <div ref={place} class="plot" role="img" aria-label={title} />
    </figure>
  );
}

const widthOf = (element: HTMLElement) => Math.max(LEAST_WIDTH, element.clientWidth);

/** The runs in their order, not at their times: a job that ran twice by hand would hide its month of nights. */
function dataOf(runs: readonly Run[], measure: Measure): UPlot.AlignedData {
  const shown = runs.toReversed();
  const value = (run: Run) =>
    measure === 'rows'
      ? run.rows
      : (run.durationMs ?? durationOf({ ...run, startedAt: run.startedAt ?? '' }));
  const of = (wanted: (run: Run) => boolean) =>
    shown.map((run) => (wanted(run) ? (value(run) ?? null) : null));
  return [
    shown.map((_run, index) => index),
    of(({ state }) => state !== 'failed'),
    of(({ state }) => state === 'failed'),
  ];
}

/** A colour of the page, as a canvas takes it: it does not know the functions of style sheets. */
function colorOf(element: HTMLElement, name: string): string {
  element.style.color = `var(${name})`;
  const { color } = getComputedStyle(element);
  element.style.color = '';
  return color;
}

function optionsOf(
  element: HTMLElement,
  {
    title,
    show,
    dateOf,
  }: { title: string; show: (value: number) => string; dateOf: (index: number) => string },
): UPlot.Options {
  const color = (name: string) => colorOf(element, name);
  const line = { stroke: color('--line'), width: 1 };
  const axis = { stroke: color('--quiet'), grid: line, ticks: line };
  const points = { show: true, size: 6 };
  return {
    width: widthOf(element),
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: (_plot, least, most) => [least - 0.5, most + 0.5] },
      y: { range: (_plot, _least, most) => [0, (most || 1) * 1.1] },
    },
    axes: [
      { ...axis, space: 90, values: (_plot, splits) => splits.map(dateOf) },
      { ...axis, size: 80, values: (_plot, splits) => splits.map(show) },
    ],
    series: [
      {},
      { label: title, stroke: color('--accent'), width: 2, points, spanGaps: true },
      {
        label: title,
        stroke: color('--bad'),
        width: 0,
        points: { ...points, size: 9, fill: color('--bad') },
      },
    ],
  };
}
