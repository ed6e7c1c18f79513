import type { FerryConfig } from '../schema/ferry-config.ts';

/** What `ferry init` writes where a person is to fill in a dataset. */
export const DATASET_PLACEHOLDER = 'ds_replace0with0your0dataset';

/** What is still as `ferry init` wrote it. */
export function warnOfPlaceholders({ syncs }: FerryConfig): string[] {
  return Object.entries(syncs)
    .filter(([, { dataset }]) => dataset === DATASET_PLACEHOLDER)
    .map(([name]) => `${name}: dataset is still the placeholder of ferry init; write the id of yours.`);
}
