import type { SourceConfig, TypesMode } from '../../config/schema/ferry-config.ts';
import type { DuckdbLimits } from '../../duckdb/duckdb-options.ts';
import { findExtension } from '../../duckdb/extensions.ts';
import { dialectOf } from '../registry.ts';
import { type InstanceNeeds, type PreparedInstance, prepareInstance } from './session-host.ts';

/**
 * What the DuckDB of a session must have.
 *
 * @throws ConfigError when a file of the dialect's is missing
 */
export function needsOf({
  source,
  mode,
  extensionFolders,
}: {
  source: SourceConfig;
  mode: TypesMode;
  extensionFolders: readonly string[];
}): InstanceNeeds {
  const dialect = dialectOf(source);
  dialect.loadClient?.(extensionFolders);
  return { dialect, extension: findExtension(dialect.extension, extensionFolders), mode };
}

/**
 * A DuckDB that opens in another thread while its run still does something else, such as asking Polyteia. Opening one
 * takes 20 ms, and 100 ms for the first of a process, which checks its extension. Disposing of it closes it, unless a
 * session has taken it.
 */
export class StartedDuckdb implements AsyncDisposable {
  #opening: Promise<PreparedInstance> | undefined;

  /** @param settle finds out what it may use and must have; whatever that throws, the session's own attempt reports */
  constructor(settle: () => Promise<{ limits: DuckdbLimits; needs: InstanceNeeds }>) {
    this.#opening = settle().then(({ limits, needs }) => prepareInstance(limits, needs));
    // Nobody may be waiting for it yet.
    this.#opening.catch(() => {});
  }

  /** @returns undefined if it has already been taken or could not be opened; opening another one then shows the error */
  async take(): Promise<PreparedInstance | undefined> {
    const opening = this.#opening;
    this.#opening = undefined;
    return await opening?.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = await this.take();
    left?.connection.closeSync();
    left?.instance.closeSync();
  }
}
