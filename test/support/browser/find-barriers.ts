import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** What would keep people from using a page, by axe: each with the places. Empty if there is nothing. */
export async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const results = await page.evaluate(async () => {
    const { axe: engine } = globalThis as unknown as { axe: typeof axe };
    return await engine.run();
  });
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${html} ${any.map(({ message }) => message)}`),
  );
}
