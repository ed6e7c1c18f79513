import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { asSentence, unknownNameMessage } from '../../shared/config/config-problems.ts';
import { ConfigError } from '../../shared/errors.ts';
import { createWorkspace } from '../../shared/runs/workspace.ts';
import { type CheckResult, checkSource } from '../../shared/sync/check-source.ts';
import { checkTarget } from '../../shared/sync/check-target.ts';
import { EXIT } from '../exit-codes.ts';
import { globalOptions, openSecrets, readConfig } from '../options.ts';
import { formatTable } from '../output.ts';
import type { Surroundings } from '../program.ts';
import { sessionOptions } from '../session-options.ts';

type SourceChecks = { source: string; checks: CheckResult[] };

/** `ferry check [source]`: does everything work that runs need? Reads no row, uploads nothing. */
export function checkCommand(surroundings: Surroundings): Command {
  const { stdout, stderr } = surroundings;
  return new Command('check')
    .description(
      'try everything that runs need of their sources and of Polyteia; reads no row, uploads nothing',
    )
    .argument('[source]', 'name of one source; all without it')
    .action(async (only: string | undefined, _options, command: Command) => {
      const options = globalOptions(command);
      const loaded = await readConfig(options, surroundings);
      for (const warning of loaded.warnings) stderr.write(`warning: ${warning}\n`);
      const { sources, syncs } = loaded.config;
      if (only !== undefined && !Object.hasOwn(sources, only))
        throw new ConfigError(asSentence(unknownNameMessage('source', only, Object.keys(sources))));
      const secrets = await openSecrets(options, loaded, surroundings);
      await using workspace = await createWorkspace(tmpdir());
      const all: SourceChecks[] = [];
      for (const [name, source] of Object.entries(sources)) {
        if (only !== undefined && name !== only) continue;
        surroundings.signal.throwIfAborted();
        const checks = await checkSource({
          ...sessionOptions(surroundings),
          name,
          source,
          syncs: Object.fromEntries(Object.entries(syncs).filter(([, sync]) => sync.source === name)),
          secrets,
          folder: join(workspace.folder, name),
        });
        for (const [job, sync] of Object.entries(syncs)) {
          if (sync.source !== name) continue;
          const found = await checkTarget(sync, {
            config: loaded.config,
            secrets,
            signal: surroundings.signal,
          });
          checks.push(...found.map((result) => ({ ...result, check: `${job}: ${result.check}` })));
        }
        all.push({ source: name, checks });
        if (!options.json) stdout.write(`${all.length > 1 ? '\n' : ''}${format(name, checks)}`);
      }
      const failed = all.some(({ checks }) => checks.some(({ status }) => status === 'failed'));
      if (options.json) stdout.write(`${JSON.stringify({ ok: !failed, sources: all }, null, 2)}\n`);
      surroundings.setExitCode(failed ? EXIT.failed : EXIT.succeeded);
    });
}

function format(source: string, checks: readonly CheckResult[]): string {
  const rows = checks.map(({ check, status, detail }) => [check, status, detail]);
  const hints = checks.flatMap(({ check, hint }) => (hint === undefined ? [] : [`  → ${check}: ${hint}\n`]));
  return `${source}\n${formatTable(['CHECK', 'RESULT', 'DETAIL'], rows)}\n${hints.join('')}`;
}
