import { ConfigError } from '../../errors.ts';

/**
 * Reads headers from a secret: a JSON object, or `name=value,name=value` as in OTEL_EXPORTER_OTLP_HEADERS.
 *
 * @throws ConfigError that does not repeat it
 */
export function parseHeaders(secret: string): Record<string, string> {
  const text = secret.trim();
  const headers = text.startsWith('{') ? fromJson(text) : parsePairs(text);
  const valid = Object.entries(headers).every(isHeader);
  if (valid && Object.keys(headers).length > 0) return headers;
  throw new ConfigError('The secret with the headers for telemetry is not of the expected form.', {
    hint: 'Expected JSON, such as {"authorization": "Bearer …"}, or name=value,name=value.',
  });
}

/** Whether a name and a value can be sent as a header. */
export const isHeader = ([name, value]: readonly [string, string]): boolean =>
  /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\x20-\x7e]*$/.test(value);

/** `name=value,name=value`, percent-encoded, as in several of the standard variables; what is not of this form is left out. */
export function parsePairs(text = ''): Record<string, string> {
  const pairs = text.split(',').flatMap((pair) => {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(at, 0)).trim();
    return name === '' ? [] : [[decode(name), decode(pair.slice(at + 1).trim())] as const];
  });
  return Object.fromEntries(pairs);
}

function fromJson(text: string): Record<string, string> {
  try {
    const entries = Object.entries(JSON.parse(text) as object);
    return Object.fromEntries(entries.filter(([, value]) => typeof value === 'string'));
  } catch {
    return {};
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
