import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { batchesOf, mapInBatches } from '../../shared/batches.ts';

describe('batchesOf', () => {
  it.each([
    [[], 2, []],
    [[1, 2], 2, [[1, 2]]],
    [[1, 2, 3, 4, 5], 2, [[1, 2], [3, 4], [5]]],
  ])('cuts %j into pieces of %i', (items, size, batches) => {
    expect(batchesOf(items, size)).toEqual(batches);
  });
});

describe('mapInBatches', () => {
  it('keeps the order, with no more at once than allowed', async () => {
    let atWork = 0;
    let most = 0;
    const double = async (item: number) => {
      atWork += 1;
      most = Math.max(most, atWork);
      await wait(5 - item);
      atWork -= 1;
      return item * 2;
    };
    expect(await mapInBatches([1, 2, 3, 4, 5], double, 2)).toEqual([2, 4, 6, 8, 10]);
    expect(most).toBe(2);
  });

  it('leaves nothing running, and begins nothing more, when one fails', async () => {
    const done: string[] = [];
    const work = async (item: string) => {
      if (item === 'fails') throw new Error('failed');
      await wait(10);
      done.push(item);
    };
    await expect(mapInBatches(['fails', 'slow', 'later'], work, 2)).rejects.toThrow('failed');
    expect(done).toEqual(['slow']);
  });
});
