import type { FerryConfig } from './schema.ts';

/** A sentence for each folder that several extractions write to: their latest.json tells only of whichever ran last. */
export function warnOfSharedOutputs({ extractions }: Pick<FerryConfig, 'extractions'>): string[] {
  const byFolder = Map.groupBy(Object.entries(extractions), ([job, { output, workflowId = job }]) =>
    JSON.stringify([output.bucket, output.prefix, output.layout === 'sdk' && output.application, workflowId]),
  );
  return [...byFolder.values()]
    .filter((sharing) => sharing.length > 1)
    .map((sharing) => {
      const names = sharing.map(([name]) => name).join(', ');
      return `${names}: all write the workflow ${sharing[0]?.[1].workflowId ?? sharing[0]?.[0]} at one place, so that its latest.json tells of whichever ran last`;
    });
}
