import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StatusLine } from '../../../../cli/output/status-line.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function open(isTTY: boolean, columns?: number) {
  let text = '';
  const line = new StatusLine({
    isTTY,
    columns,
    write: (part) => {
      text += part;
    },
  });
  return { line, text: () => text };
}

describe('the line about what is under way', () => {
  it('is updated on a terminal, no wider than that, and goes away', () => {
    const { line, text } = open(true, 30);
    line.show('kataloge: 12 of 40  stadt/stadt_12');
    vi.advanceTimersByTime(1_200);
    line.show('next');
    line[Symbol.dispose]();
    vi.advanceTimersByTime(60_000);
    const lines = text().split('\r\x1b[K');
    expect(lines.every((one) => one.length < 30)).toBe(true);
    expect(lines.slice(-2)).toEqual(['  next …', '']);
  });

  it('elsewhere appears only for what takes ten seconds or more', () => {
    const { line, text } = open(false);
    line.show('erp');
    vi.advanceTimersByTime(9_000);
    line.show('stumm');
    vi.advanceTimersByTime(11_000);
    line.clear();
    vi.advanceTimersByTime(60_000);
    line[Symbol.dispose]();
    expect(text()).toBe('  stumm  1.00 s …\n  stumm  11.0 s …\n');
  });
});
