import { setFlagsFromString } from 'node:v8';

/** A node of the parser's tree: what it is called, and its fields. */
export type ParseNode = Readonly<Record<string, unknown>>;

// Soon after the first statement, V8 would compile the parser's largest function once more, with optimizations: that
// takes 550 MB, in a process that may have 512.
const COMPILE_ONCE = ['--liftoff-only', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering'];
const COMPILE_AGAIN = ['--no-liftoff-only', '--wasm-tier-up', '--wasm-dynamic-tiering'];

/**
 * A text's statements, as Postgres' own parser reads them. Loading the parser takes about 25 ms and 30 MB, so this
 * module is imported only when it is needed, and is a separate file of a bundle.
 *
 * @throws what the parser says about a text that is not SQL
 */
export async function parsePostgres(sql: string): Promise<ParseNode[]> {
  for (const flag of COMPILE_ONCE) setFlagsFromString(flag);
  try {
    const { loadModule, parseSync } = await import('libpg-query');
    await loadModule();
    // Another call may have ended meanwhile.
    for (const flag of COMPILE_ONCE) setFlagsFromString(flag);
    const { stmts = [] } = parseSync(sql);
    return stmts.map(({ stmt }) => stmt as ParseNode);
  } finally {
    for (const flag of COMPILE_AGAIN) setFlagsFromString(flag);
  }
}
