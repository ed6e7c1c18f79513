import { execFile } from 'node:child_process';
import { mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ComparisonBench, startComparisonBench } from '../../support/compare/comparison-bench.ts';

const run = promisify(execFile);

let bench: ComparisonBench;
beforeAll(async () => {
  bench = await startComparisonBench();
});
afterAll(() => bench?.stop());

describe('a million rows', () => {
  const rows = (where: string, change: string) =>
    `SELECT id, ${change} AS changed, ${Array.from({ length: 6 }, (_, index) => `md5((id + ${index})::VARCHAR) AS text${index}`).join(', ')}
     FROM range(1000000) AS rows(id) WHERE ${where} ORDER BY hash(id)`;
  let a: string;
  let b: string;
  beforeAll(async () => {
    // Small row groups, as Ferry writes them: what is read at once cannot spill.
    const options = ', ROW_GROUP_SIZE 20480';
    a = await bench.write(rows('id <> 7', "md5('x' || id::VARCHAR)"), 'a.parquet', options);
    b = await bench.write(
      rows('id < 999998', "md5(if(id % 100000 = 1, 'y', 'x') || id::VARCHAR)"),
      'b.parquet',
      options,
    );
  });

  const expected = {
    same: false,
    a: { rows: 999_999 },
    b: { rows: 999_998 },
    rows: { onlyInA: 12, onlyInB: 11 },
    columns: [
      { name: 'id', onlyInA: 2, onlyInB: 1 },
      { name: 'changed', onlyInA: 12, onlyInB: 11 },
      ...Array.from({ length: 6 }, (_, index) => ({ name: `text${index}`, onlyInA: 2, onlyInB: 1 })),
    ],
    byKey: {
      rowsCompared: 999_997,
      rowsOnlyInA: 2,
      rowsOnlyInB: 1,
      differences: [{ column: 'changed', rows: 10 }, ...Array(6).fill({ rows: 0 })],
      examples: [{ key: ['1'], column: 'changed' }],
    },
  };

  it('are compared within the memory limit, and spill to a folder that is removed', async ({ signal }) => {
    // Its own, so that this test leaves nothing to the others if it fails.
    const work = await mkdtemp(join(bench.folder, 'work-'));
    const module = join(import.meta.dirname, '../../../shared/compare/compare-parquet.ts');
    const code = `
      import { compareParquet } from ${JSON.stringify(module)};
      const [a, b, workFolder] = process.argv.slice(1);
      let peak = 0;
      setInterval(() => { peak = Math.max(peak, process.memoryUsage.rss()); }, 10).unref();
      const options = { key: ['id'], examples: 1, workFolder, memoryLimitBytes: 100_000_000, threads: 2 };
      const found = await compareParquet(a, b, options);
      console.log(JSON.stringify({ found, peak }));`;
    let spilled = 0;
    const timer = setInterval(async () => {
      const names = await readdir(work, { recursive: true }).catch(() => []);
      spilled = Math.max(spilled, names.filter((name) => name.includes('spill/')).length);
    }, 10);
    const args = ['--input-type=module', '-e', code, a, b, work];
    const { stdout } = await run(process.execPath, args, { signal }).finally(() => clearInterval(timer));
    const { found, peak } = JSON.parse(stdout);
    expect(found).toMatchObject(expected);
    expect(spilled).toBeGreaterThan(0);
    // What ComparisonSessionOptions says of the process; Node and DuckDB's code take 125 MB of it before anything is read.
    expect(peak).toBeLessThan(100_000_000 + 350_000_000);
    expect(await readdir(work)).toEqual([]);
  });

  it('say what is missing when the limit is too low for anything', async () => {
    await expect(bench.compareFiles(a, b, { memoryLimitBytes: 5_000_000 })).rejects.toMatchObject({
      class: 'QueryError',
      message: 'The comparison needs more memory than the 5.0 MB that it may use.',
    });
    expect(await readdir(bench.temporary)).toEqual([]);
  });

  it('are abandoned on an abort, without leaving anything', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 200);
    await expect(bench.compareFiles(a, b, { key: ['id'], signal: controller.signal })).rejects.toBe(reason);
    expect(await readdir(bench.temporary)).toEqual([]);
  });
});
