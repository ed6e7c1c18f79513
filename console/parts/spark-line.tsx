import type { RunSummary } from '../calls/types.ts';
import { drawSpark, SPARK_HEIGHT } from '../logic/spark.ts';
import { useWords } from '../words/use-words.ts';

/** The last runs of a job, small: bars for their durations, a line for their rows. */
export function SparkLine({ runs }: { runs: readonly RunSummary[] }) {
  const { words, formats } = useWords();
  const { bars, rows, width } = drawSpark(runs);
  const failed = runs.filter(({ state }) => state === 'failed').length;
  const label = words.list.spark(formats.count(runs.length), runs.length, formats.count(failed));
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${width} ${SPARK_HEIGHT}`}
      width={width}
      height={SPARK_HEIGHT}
      role="img"
      aria-label={label}
    >
      {bars.map(({ tone, path }) => (
        <path key={tone} class={tone} d={path} />
      ))}
      {rows !== '' && <path class="rows" d={rows} />}
    </svg>
  );
}
