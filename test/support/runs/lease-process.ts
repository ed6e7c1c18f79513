// A process that contends for a lease in a folder, with its own clock: node lease-process.ts '<json>'. Prints a line for each event.
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import type { LeaseTimes } from '../../../shared/runs/leases/lease.ts';
import { type ContenderPlan, contend } from './lease-contender.ts';
import { withClockOf } from './wrong-clock.ts';

/** What {@link process.argv} carries. */
export interface LeaseProcessInput {
  folder: string;
  job: string;
  times: LeaseTimes;
  plan: ContenderPlan;
  skewHours: number;
}

if (import.meta.main) {
  const { folder, skewHours, ...input } = JSON.parse(process.argv[2] ?? '') as LeaseProcessInput;
  await withClockOf(skewHours, () =>
    contend({
      ...input,
      store: createFolderDocumentStore(folder),
      // Counts from the machine's start, in all processes.
      now: () => Number(process.hrtime.bigint() / 1_000n),
      tell: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
      crash: () => process.kill(process.pid, 'SIGKILL'),
    }),
  );
}
