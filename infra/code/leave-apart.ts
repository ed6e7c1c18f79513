import { basename } from 'node:path';
import type { Plugin } from 'esbuild';

/**
 * Keeps modules that are rarely imported out of a bundle: each is a separate file next to it, and not read before it is
 * needed.
 *
 * @param modules by the name of the file that each becomes, without its ending
 */
export function leaveApart(modules: Readonly<Record<string, string>>): Plugin {
  return {
    name: 'leave-apart',
    setup({ onResolve }) {
      onResolve({ filter: /\.ts$/ }, ({ kind, path }) => {
        const name = basename(path, '.ts');
        const isApart = kind === 'dynamic-import' && Object.hasOwn(modules, name);
        return isApart ? { path: `./${name}.mjs`, external: true } : undefined;
      });
    },
  };
}

/** OpenTelemetry's SDK, which is as large as all handlers together, and only of use where something listens. */
export const TELEMETRY_MODULES = { 'open-otel': 'shared/telemetry/otel/open-otel.ts' } as const;

/** Postgres' parser, which only a large table is worth. */
export const PARSER_MODULES = {
  'parse-postgres': 'shared/source/postgres/parts/parse-postgres.ts',
} as const;
