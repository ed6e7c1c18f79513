import { DuckDBInstance } from '@duckdb/node-api';
import accessors from '@duckdb/node-api/lib/vectors/dataAccessors.js';

// The client decodes text as a document, which may begin with a byte-order mark that is none of its letters. In a name or a value a
// leading U+FEFF is one: without it two columns would have the same name.
Object.assign(accessors, { textDecoder: new TextDecoder('utf-8', { ignoreBOM: true }) });

/** Opens a DuckDB in memory. The one place that does, so that each of them gives text with all its characters. */
export function openDuckdb(options: Readonly<Record<string, string>>): Promise<DuckDBInstance> {
  return DuckDBInstance.create(':memory:', options);
}
