import { ProblemError } from '../../api/problems.ts';
import type { SetupHost } from '../../api/setup/setup-host.ts';
import { AtlanError } from '../../atlan/answers.ts';
import { type CatalogTarget, readCredentials } from '../../atlan/sent-credentials.ts';
import { connectionOf } from '../../config/atlan-connection.ts';
import type { FerryConfig, SourceConfig } from '../../config/schema/ferry-config.ts';
import { type FerryError, toFerryError } from '../../errors.ts';
import type { ProcessProbes } from './process-probes.ts';
import type { CallerRules } from './sent-source.ts';

/**
 * What a process offers to whoever sets a job up.
 *
 * @param probes absent where everybody is answered: then nobody's query is described
 */
export function setupHere(
  config: FerryConfig,
  { rules, probes }: { rules: CallerRules; probes: Pick<ProcessProbes, 'columns'> | undefined },
): SetupHost {
  const sources = Object.entries(config.sources).map(([name, source]) => ({
    name,
    type: source.type,
    ...knownConnection(name, source, config.atlan.tenant),
  }));
  return {
    names: { sources, targets: Object.keys(config.polyteia) },
    acceptsCredentials: rules.hostRule !== undefined,
    startsNew: true,
    scheduler: 'undecided',
    ...(probes && {
      async describe({ source, credentials, query, types }) {
        try {
          const target: CatalogTarget =
            source === undefined ? readCredentials(credentials, ['credentials']) : { source };
          return await probes.columns(target, { query, types });
        } catch (error) {
          throw asProblem(error);
        }
      },
    }),
  };
}

function knownConnection(name: string, source: SourceConfig, tenant: string) {
  const { host, port, connection } = source;
  // What the file leaves open, the source's secret may say.
  if (connection?.qualifiedName === undefined && (host === undefined || port === undefined)) return {};
  return { connection: connectionOf({ name, source, login: { host: host ?? '', port: port ?? 0 }, tenant }) };
}

/** As the routes of Ferry's own answer it. */
function asProblem(thrown: unknown): unknown {
  if (thrown instanceof AtlanError) return ofAtlan(thrown);
  const error = toFerryError(thrown);
  const status = statusOf(error);
  if (status === undefined) return thrown;
  const message = [error.message, error.hint ?? ''].join(' ').trim();
  if (status !== 400) return new ProblemError(status, message);
  return new ProblemError(400, message, { members: { errors: [{ path: 'body.query', message }] } });
}

function statusOf({ class: name }: FerryError): 400 | 502 | 504 | undefined {
  switch (name) {
    case 'QueryError':
    case 'ExactnessError':
      return 400;
    case 'DeadlineError':
    case 'CancelledError':
      return 504;
    case 'AuthError':
    case 'AccessError':
    case 'ConfigError':
    case 'SourceUnavailableError':
      return 502;
    default:
      return undefined;
  }
}

function ofAtlan({ status, message, fields, headers }: AtlanError): ProblemError {
  const errors = (fields ?? []).map(({ loc, msg }) => ({
    path: loc.join('.').replace('body.credential_guid', 'body.source'),
    message: msg,
  }));
  const known = status === 502 || status === 503 || status === 504 ? status : 400;
  return new ProblemError(known, message.replace('credential_guid', 'source'), {
    headers: { ...headers },
    ...(errors.length === 0 ? {} : { members: { errors } }),
  });
}
