import type { OutgoingHttps } from '../../network/outgoing-https.ts';
import type { AwsIdentity } from './aws-identity.ts';

/**
 * The identity of this process. The client of STS is loaded when it is first asked: most sources need none, and it takes
 * longer to load than a short command runs.
 *
 * @param options.region the region of STS; without it, the environment's, else the database's
 */
export function createAwsIdentity(options: { outgoing: OutgoingHttps; region?: string }): AwsIdentity {
  // An empty value is not a region.
  const region = options.region || process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || undefined;
  let loading: Promise<AwsIdentity> | undefined;
  const load = () => {
    loading ??= import('./sts-identity.ts').then(({ createStsIdentity }) =>
      createStsIdentity({ ...options, region }),
    );
    return loading;
  };
  return {
    ownKeys: async (near) => (await load()).ownKeys(near),
    assumeRole: async (role) => (await load()).assumeRole(role),
    examine: async (keys, near) => (await load()).examine(keys, near),
  };
}
