import stringWidth from 'string-width';
import type { ProgressEvent } from '../../shared/runs/job.ts';
import { formatBytes, formatCount, formatDuration } from '../../shared/text/format.ts';
import type { Output } from './output.ts';

/** The width that the names of a sync's phases need; databases may have longer ones. */
const NAME_WIDTH = 14;

/**
 * Prints a line for each finished phase and, on a terminal, a line that is updated during a phase.
 *
 * @param enabled false prints nothing, because the log contains the same facts
 */
export function createProgressPrinter(
  output: Output,
  enabled: boolean,
): { onEvent: (event: ProgressEvent) => void; end: () => void } {
  if (!enabled) return { onEvent: () => {}, end: () => {} };
  const live = output.isTTY === true;
  let running: { phase: string; since: number; bytes: number; step: string | undefined } | undefined;
  let width = NAME_WIDTH;
  const padName = (name: string) => {
    // At least two spaces; later lines keep the wider column, so that the times are aligned.
    width = Math.max(width, stringWidth(name) + 2);
    return name + ' '.repeat(width - stringWidth(name));
  };
  let waiting = false;
  let queued = false;
  const clear = () => live && output.write('\r\x1b[K');
  const draw = () => {
    if (!live || !running) return;
    const elapsed = formatDuration(performance.now() - running.since);
    const bytes = running.bytes > 0 ? `  ${formatBytes(running.bytes)}` : '';
    const step = running.step === undefined ? '' : `  ${running.step}`;
    output.write(`\r\x1b[K  ${padName(running.phase)}${elapsed.padStart(10)}${step}${bytes} …`);
  };
  const timer = live ? setInterval(draw, 200) : undefined;
  timer?.unref();
  return {
    onEvent(event) {
      switch (event.type) {
        case 'waiting':
          if (!waiting)
            output.write(
              '  another run of this job may be under way: waiting to see whether it is alive …\n',
            );
          waiting = true;
          return;
        case 'queued': {
          const { source, slots, before } = event;
          const text = `  waiting for one of ${formatCount(slots, 'slot')} of source ${source}, ${formatCount(before, 'run')} before this one …`;
          clear();
          // Single steps only where each replaces the one before.
          if (live) output.write(text);
          else if (!queued) output.write(`${text}\n`);
          queued = true;
          return;
        }
        case 'retrying':
          clear();
          output.write(`  ${event.message} Trying again in ${formatDuration(event.waitMs)}.\n`);
          return;
        case 'phase-started':
          running = { phase: event.phase, since: performance.now(), bytes: 0, step: event.step };
          return draw();
        case 'phase-progressed':
          if (running) running.bytes = event.bytes;
          return;
        case 'phase-noted':
          clear();
          output.write(`    ${event.fact}\n`);
          return draw();
        case 'phase-ended': {
          running = undefined;
          queued = false;
          clear();
          const detail = event.detail ? `  ${event.detail}` : '';
          output.write(
            `  ${padName(event.phase)}${formatDuration(event.durationMs).padStart(10)}${detail}\n`,
          );
        }
      }
    },
    end() {
      clearInterval(timer);
      if (running || queued) clear();
    },
  };
}
