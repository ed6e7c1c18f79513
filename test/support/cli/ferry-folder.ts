import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startPolyteiaStandIn } from '../polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn, PolyteiaStandInOptions } from '../polyteia/stand-in/types.ts';
import { type FerryResult, runFerry, runFerryProcess } from './ferry-command.ts';

const DATASET = 'ds_meldungen1';

/** What to run: one sync of one source, with a secret that holds its login. */
export interface FerryRun {
  source: Record<string, unknown>;
  login: { username: string; password: string };
  /** @default SELECT 1 AS id */
  query?: string;
  target?: Record<string, unknown>;
  /** More top-level fields of ferry.yaml. */
  top?: Record<string, unknown>;
  environment?: Record<string, string>;
  /** Whether Ferry finds the secrets in a file. @default true */
  secretsFile?: boolean;
}

/** How a run of `ferry` ended. */
export interface FerryOutcome extends FerryResult {
  rows?: number;
  error?: { class: string; message: string; hint?: string };
}

/** A folder in which `ferry` runs as a person would run it, against any source, and a stand-in for Polyteia. */
export interface FerryFolder extends AsyncDisposable {
  folder: string;
  polyteia: PolyteiaStandIn;
  run(options: FerryRun): Promise<FerryOutcome>;
}

/** @param options.ownProcess where what a run leaves in its process, such as authorities that are trusted, must not reach the next one */
export async function setUpFerryFolder({
  ownProcess = false,
  ...standIn
}: Pick<PolyteiaStandInOptions, 'tls'> & { ownProcess?: boolean } = {}): Promise<FerryFolder> {
  const ferry = ownProcess ? runFerryProcess : runFerry;
  const polyteia = await startPolyteiaStandIn({ datasets: [DATASET], ...standIn });
  const folder = await mkdtemp(join(tmpdir(), 'ferry folder ü '));
  return {
    folder,
    polyteia,
    async run({ source, login, query = 'SELECT 1 AS id', target, top, environment, secretsFile = true }) {
      const config = {
        version: 1,
        ...top,
        sources: { erp: { auth: { type: 'password', secret: 'erp' }, ...source } },
        polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl, ...target } },
        syncs: { job: { source: 'erp', dataset: DATASET, query } },
      };
      const secrets = { erp: login, polyteia: polyteia.personalAccessKey };
      await writeFile(join(folder, 'ferry.yaml'), stringify(config));
      await writeFile(join(folder, 'secrets.json'), JSON.stringify(secrets));
      const secretsFrom = secretsFile ? ['--secrets', 'secrets.json'] : [];
      const result = await ferry(['run', 'job', '--json', ...secretsFrom], {
        folder,
        ...(environment ? { environment } : {}),
      });
      const { rows, error } = JSON.parse(result.stdout) as Pick<FerryOutcome, 'rows' | 'error'>;
      return { ...result, ...(rows === undefined ? {} : { rows }), ...(error ? { error } : {}) };
    },
    async [Symbol.asyncDispose]() {
      await polyteia.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
