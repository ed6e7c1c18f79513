import { DuckDBInstance } from '@duckdb/node-api';
import accessors from '@duckdb/node-api/lib/vectors/dataAccessors.js';

// The client decodes text as a document, and drops a byte-order mark at its start. In a name or a value, a leading
// U+FEFF is part of the text: without it, two columns could end up with the same name.
Object.assign(accessors, { textDecoder: new TextDecoder('utf-8', { ignoreBOM: true }) });

/** Opens a DuckDB in memory. Only this function does, so that every instance returns text with all its characters. */
export function openDuckdb(options: Readonly<Record<string, string>>): Promise<DuckDBInstance> {
  return DuckDBInstance.create(':memory:', options);
}
