import { z } from 'zod';
import { hostName, type SourceConfig } from '../config/schema.ts';
import { ConfigError } from '../errors.ts';
import { type SecretReader, secretLabel } from './secrets.ts';

/** Everything needed to open a connection. `password` is secret: bind it, never print it. */
export interface Login {
  host: string;
  port: number;
  database: string;
  username: string;
  password: string;
}

// The layout that RDS writes: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
const rdsSecret = z.looseObject({
  username: z.string().min(1),
  password: z.string(),
  host: hostName.optional(),
  port: z.coerce.number().int().min(1).max(65535).optional(),
  dbname: z.string().optional(),
});

/**
 * Reads a source's secret and completes what the configuration leaves to it.
 *
 * @throws ConfigError when the secret is missing, not in the layout of RDS, or neither names the host or the database
 */
export async function resolveLogin(
  name: string,
  source: SourceConfig,
  secrets: SecretReader,
  defaultPort: number,
): Promise<Login> {
  const label = secretLabel(source.auth.secret);
  const text = await secrets.read(source.auth.secret);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // No `cause`: the parser's message quotes the secret.
    throw new ConfigError(`The secret ${label} is not JSON.`, {
      hint: 'Expected: {"username": "…", "password": "…"}.',
    });
  }
  const parsed = rdsSecret.safeParse(value);
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'the whole'))].join(
      ', ',
    );
    throw new ConfigError(`The secret ${label} is not in the layout of RDS (wrong or missing: ${fields}).`, {
      hint: 'Expected: {"username": "…", "password": "…"}.',
    });
  }
  const secret = parsed.data;
  const host = source.host ?? secret.host;
  const database = source.database ?? secret.dbname;
  if (!host || !database) {
    const missing = host ? 'database' : 'host';
    throw new ConfigError(
      `The source ${name} has no ${missing}: neither sources.${name}.${missing} nor the secret ${label} says it.`,
    );
  }
  return {
    host,
    port: source.port ?? secret.port ?? defaultPort,
    database,
    username: secret.username,
    password: secret.password,
  };
}
