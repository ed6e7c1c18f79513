import { Document, isMap, Scalar, visit } from 'yaml';
import type { ConfigPart } from './setup-schemas.ts';

// Groups that are easier to read on one line.
const inlineGroups = new Set(['auth', 'tls', 'schedule', 'connection']);
const GROUPS = ['sources', 'polyteia', 'syncs', 'extractions'] as const;

/** What reads as it is meant in every reader of YAML, and looks like itself to people. */
const PLAIN = /^[\p{L}\p{N}_/][\p{L}\p{N}_./@ -]*$/u;
/** As people write it on one line: SQL without anything that YAML or an editor would take for something else. */
const PLAIN_SQL = /^[A-Za-z(][\x20-\x7e\p{L}]*$/u;

/** The lines of ferry.yaml for sources, targets and jobs. The same part always gives the same lines. */
export function writeConfigPart(part: ConfigPart): string {
  const given = GROUPS.filter((name) => Object.keys(part[name] ?? {}).length > 0);
  if (given.length === 0) return '';
  // Readers of the older standard take `no` and `on` for truth values.
  const document = new Document(Object.fromEntries(given.map((name) => [name, part[name]])), {
    compat: 'yaml-1.1',
  });
  visit(document, {
    Pair(_key, pair) {
      const key = String((pair.key as Scalar).value);
      const { value } = pair as { value: unknown };
      if (inlineGroups.has(key) && isMap(value)) value.flow = true;
      if (!(value instanceof Scalar) || typeof value.value !== 'string') return;
      const form = quotingOf(key, value.value);
      if (form) value.type = form;
    },
    Scalar(position, scalar) {
      if (position !== 'value' && typeof scalar.value === 'string' && !PLAIN.test(scalar.value))
        scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

function quotingOf(key: string, text: string): Scalar.Type | undefined {
  if (key === 'query' && /\n/.test(text))
    return /^[\t\n\x20-\x7e\p{L}\p{N}]*$/u.test(text) ? Scalar.BLOCK_LITERAL : Scalar.QUOTE_DOUBLE;
  if (key === 'query' ? PLAIN_SQL.test(text) : PLAIN.test(text)) return undefined;
  return Scalar.QUOTE_DOUBLE;
}
