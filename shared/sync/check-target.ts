import type { FerryConfig, SyncConfig } from '../config/schema.ts';
import { ConfigError, toFerryError } from '../errors.ts';
import { createPolyteiaClient } from '../polyteia/create-polyteia-client.ts';
import type { SecretReader } from '../source/secrets.ts';
import type { CheckResult } from './check-source.ts';
import { readToken } from './send-file.ts';

/** Tries everything that a run of a sync needs of Polyteia; nothing is uploaded. All checks are tried, even if one fails. */
export async function checkTarget(
  sync: SyncConfig,
  options: { config: FerryConfig; secrets: SecretReader; signal: AbortSignal },
): Promise<CheckResult[]> {
  const { config, secrets, signal } = options;
  const failed = (check: string, thrown: unknown): CheckResult => {
    const { message, hint, class: name } = toFerryError(thrown);
    return { check, status: 'failed', detail: message, class: name, ...(hint === undefined ? {} : { hint }) };
  };
  const results: CheckResult[] = [];
  try {
    const target = config.polyteia[sync.polyteia];
    if (!target) throw new ConfigError(`There is no Polyteia target "${sync.polyteia}".`);
    const client = createPolyteiaClient(target, {
      token: await readToken(target, secrets),
      outgoing: config,
    });
    try {
      for (const { check, run } of client.checks(sync.dataset)) {
        try {
          results.push({ check, status: 'ok', detail: await run(signal) });
        } catch (error) {
          signal.throwIfAborted();
          results.push(failed(check, error));
        }
      }
    } finally {
      await client.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    results.push(failed('personal access key', error));
  }
  return results;
}
