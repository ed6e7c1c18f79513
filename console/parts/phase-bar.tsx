import type { Run } from '../calls/types.ts';
import { partsOf } from '../logic/phases.ts';
import { useWords } from '../words/use-words.ts';
import { useNow } from './moment.tsx';

const SHADES = 6;

/** The phases of a run as a bar, and in words; the one under way grows. */
export function PhaseBar({ run }: { run: Run }) {
  const { words, formats } = useWords();
  const now = useNow(1_000);
  const parts = partsOf(run, now);
  const { progress } = run;
  if (parts.length === 0) return null;
  return (
    <>
      <div class="phases" aria-hidden="true">
        {parts.map(({ name, share, durationMs }, index) => (
          <span
            key={`${name} ${index}`}
            class={durationMs === undefined ? 'live' : `shade-${index % SHADES}`}
            style={{ flexGrow: share }}
            title={name}
          />
        ))}
      </div>
      <ol class="legend">
        {parts.map(({ name, durationMs }, index) => (
          <li key={`${name} ${index}`}>
            <i class={durationMs === undefined ? 'live' : `shade-${index % SHADES}`} /> {name}{' '}
            <span class="hint">{durationMs === undefined ? '…' : formats.duration(durationMs)}</span>
          </li>
        ))}
      </ol>
      {progress && (
        <p role="status" class="progress">
          {[
            progress.phase !== undefined && words.run.current(progress.phase),
            progress.bytes !== undefined &&
              progress.bytes > 0 &&
              words.run.moved(formats.bytes(progress.bytes)),
          ]
            .filter(Boolean)
            .join(', ')}
        </p>
      )}
    </>
  );
}
