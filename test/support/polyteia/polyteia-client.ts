import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import { polyteiaTarget } from '../../../shared/config/schema/polyteia-target.ts';
import { type FerryError, toFerryError } from '../../../shared/errors.ts';
import {
  createPolyteiaClient,
  type PolyteiaClientOptions,
} from '../../../shared/polyteia/create-polyteia-client.ts';
import type { PolyteiaClient, Upload } from '../../../shared/polyteia/polyteia-client.ts';
import { startPolyteiaStandIn } from './stand-in/stand-in.ts';
import type { PolyteiaStandIn, PolyteiaStandInOptions } from './stand-in/types.ts';

export const DATASET = 'ds_meldungen1';
/** Size of the file: several chunks of a socket, so that a reset in the middle is one. */
export const FILE_SIZE = 300_000;

/** A stand-in, and clients for it that differ from those of a run in their time-outs and clocks only. */
export interface ClientSetup extends AsyncDisposable {
  standIn: PolyteiaStandIn;
  /** A file to upload. */
  file: string;
  open(changes?: {
    target?: Record<string, unknown>;
    options?: Partial<PolyteiaClientOptions>;
  }): PolyteiaClient;
  upload(client: PolyteiaClient, changes?: Partial<Upload>): ReturnType<PolyteiaClient['upload']>;
}

/** Starts a stand-in with one dataset. */
export async function setUpClient(options: PolyteiaStandInOptions): Promise<ClientSetup> {
  const standIn = await startPolyteiaStandIn({ datasets: [DATASET], ...options });
  const folder = await mkdtemp(join(tmpdir(), 'ferry-client-'));
  const file = join(folder, 'result.parquet');
  await writeFile(file, randomBytes(FILE_SIZE));
  const agents: Agent[] = [];
  return {
    standIn,
    file,
    open(changes = {}) {
      const dispatcher = new Agent({ headersTimeout: 500, bodyTimeout: 500 });
      agents.push(dispatcher);
      const target = polyteiaTarget.parse({
        token: 'polyteia',
        baseUrl: standIn.baseUrl,
        ...(options.api === 'session' ? { organization: standIn.organization.slug } : {}),
        ...changes.target,
      });
      return createPolyteiaClient(target, {
        token: standIn.personalAccessKey,
        outgoing: {},
        dispatcher,
        sleep: async () => {},
        ...changes.options,
      });
    },
    upload: (client, changes = {}) =>
      client.upload({ dataset: DATASET, file, contentType: 'application/vnd.apache.parquet', ...changes }),
    async [Symbol.asyncDispose]() {
      await Promise.all(agents.map((agent) => agent.destroy()));
      await standIn.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What the work fails with. */
export async function errorOf(work: Promise<unknown>): Promise<FerryError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) throw new Error('It went well.');
  return toFerryError(error);
}
