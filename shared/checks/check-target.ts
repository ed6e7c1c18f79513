import type { FerryConfig, SyncConfig } from '../config/schema/ferry-config.ts';
import { ConfigError } from '../errors.ts';
import { createPolyteiaClient } from '../polyteia/create-polyteia-client.ts';
import type { SecretReader } from '../source/credentials/secrets.ts';
import { readToken } from '../sync/upload/send-file.ts';
import { checkConnectivity } from './check-connectivity.ts';
import { type CheckResult, failedCheck } from './check-result.ts';

/**
 * Tries everything that a run of a sync needs from Polyteia, without uploading. If Polyteia can be reached, all checks
 * are tried even when one fails. One that fails for the reason of an earlier one is not known, so that each fault has
 * one line.
 */
export async function checkTarget(
  sync: SyncConfig,
  options: { config: FerryConfig; secrets: SecretReader; signal: AbortSignal },
): Promise<CheckResult[]> {
  const { config, secrets, signal } = options;
  const results: CheckResult[] = [];
  try {
    const target = config.polyteia[sync.polyteia];
    if (!target) throw new ConfigError(`There is no Polyteia target "${sync.polyteia}".`);
    results.push(...(await checkConnectivity(target.baseUrl, { outgoing: config, signal })));
    if (results.some(({ status }) => status === 'failed')) return results;
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
          const failed = failedCheck(check, error);
          const earlier = results.find(
            ({ status, detail }) => status === 'failed' && detail === failed.detail,
          );
          results.push(
            earlier ? { check, status: 'skipped', detail: `not known: see ${earlier.check}` } : failed,
          );
        }
      }
    } finally {
      await client.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    results.push(failedCheck('personal access key', error));
  }
  return results;
}
