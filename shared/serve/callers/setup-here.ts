import type { SetupHost } from '../../api/setup/setup-host.ts';
import { type CatalogTarget, readCredentials } from '../../atlan/sent-credentials.ts';
import { asSourceProblem } from '../../atlan/source-problems.ts';
import { knownConnection } from '../../config/atlan-connection.ts';
import type { FerryConfig } from '../../config/schema/ferry-config.ts';
import { toFerryError } from '../../errors.ts';
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
  const sources = Object.entries(config.sources).map(([name, source]) => {
    const connection = knownConnection(name, source, config.atlan.tenant);
    return { name, type: source.type, ...(connection && { connection }) };
  });
  return {
    names: {
      sources,
      targets: Object.keys(config.polyteia),
      tenant: config.atlan.tenant,
      ...(rules.tls.caName === undefined ? {} : { ca: rules.tls.caName }),
    },
    acceptsCredentials: rules.hostRule !== undefined,
    startsNew: true,
    scheduler: 'undecided',
    ...(probes && {
      async describe({ source, credentials, query, types }, signal) {
        try {
          const target: CatalogTarget =
            source === undefined ? readCredentials(credentials, ['credentials']) : { source };
          return await probes.columns(target, { query, types }, signal);
        } catch (error) {
          throw asSourceProblem(error, toFerryError(error));
        }
      },
    }),
  };
}
