// A replica that kills itself at a moment of its first run: node doomed-replica.ts '<json>'
import { parseHostRule } from '../../../shared/network/host-rule.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createS3DocumentStore } from '../../../shared/runs/documents/s3-document-store.ts';
import type { AtlanSettings } from '../../../shared/serve/serve-options.ts';
import type { MiniStack } from '../aws/mini-stack.ts';
import { createS3Client } from '../aws/s3-client.ts';
import { momentOf, type ServeSetup, startServe } from './start-serve.ts';

/** Where the state is. */
export type StatePlace = { folder: string } | { bucket: string; aws: MiniStack };

/** What {@link process.argv} carries. */
export interface DoomedReplicaInput extends Pick<ServeSetup, 'config' | 'secrets' | 'workFolder'> {
  state: StatePlace;
  /** As start-serve.ts names it; none: it lives on. */
  moment: string;
  /** Hosts that callers of Atlan's API may send credentials for. */
  allowHosts?: string;
}

/** The documents at a place. */
export async function openDocuments(state: StatePlace) {
  if ('folder' in state) return createFolderDocumentStore(state.folder);
  return createS3DocumentStore({ client: await createS3Client(state.aws), bucket: state.bucket });
}

/** What callers of Atlan's API may do. */
export const atlanSettings = (allowHosts: string): AtlanSettings => ({
  rules: { hostRule: parseHostRule(allowHosts, '--allow-hosts'), roleArns: [], tls: {} },
  applicationName: 'postgres',
  configDays: 30,
});

if (import.meta.main) {
  const { state, moment, allowHosts, ...setup } = JSON.parse(process.argv[2] ?? '') as DoomedReplicaInput;
  const replica = await startServe({
    ...setup,
    documents: await openDocuments(state),
    ...(allowHosts === undefined ? {} : { atlan: atlanSettings(allowHosts) }),
    onProgress(event) {
      if (momentOf(event) === moment) process.kill(process.pid, 'SIGKILL');
    },
  });
  process.stdout.write(`api ${replica.api}\n`);
}
