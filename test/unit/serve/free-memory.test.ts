import { describe, expect, it } from 'vitest';
import { createFreeMemory } from '../../../shared/serve/pool/free-memory.ts';

const MB = 1_000_000;

describe('memory between runs', () => {
  it('is collected whenever 64 MB were added, and not more often', () => {
    let used = 200 * MB;
    let garbage = 0;
    let collections = 0;
    const free = createFreeMemory({
      used: () => used,
      collect: () => {
        collections += 1;
        used -= garbage;
        garbage = 0;
      },
    });
    for (let run = 0; run < 100; run += 1) {
      used += 4 * MB;
      garbage += 4 * MB;
      free();
      expect(used).toBeLessThan(265 * MB);
    }
    expect(collections).toBe(6);
  });

  it('is not collected again and again when it is in use', () => {
    let collections = 0;
    let used = 200 * MB;
    const free = createFreeMemory({
      used: () => used,
      collect: () => {
        collections += 1;
      },
    });
    used = 600 * MB;
    for (let run = 0; run < 100; run += 1) free();
    expect(collections).toBe(1);
    used = 250 * MB;
    free();
    used = 320 * MB;
    free();
    expect(collections).toBe(2);
  });

  it('can be collected in a process that was started without a word about it', () => {
    const held: unknown[] = [];
    for (let n = 0; n < 200; n += 1) held.push(Array.from({ length: 10_000 }, (_, index) => ({ index })));
    const before = process.memoryUsage().heapUsed;
    held.length = 0;
    let asked = 0;
    createFreeMemory({
      used: () => {
        asked += 1;
        return asked === 2 ? 100 * MB : 0;
      },
    })();
    expect(process.memoryUsage().heapUsed).toBeLessThan(before - 30 * MB);
    expect(globalThis.gc).toBeUndefined();
  });
});
