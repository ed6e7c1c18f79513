import type { OutgoingHttps } from '../../network/outgoing-https.ts';
import { createAwsIdentity } from './create-aws-identity.ts';
import type { SecretReader } from './secrets.ts';

/**
 * Reads secrets from AWS Secrets Manager, whose client is loaded with the first of them: for programs that often need
 * none.
 *
 * @param options.region @default the SDK's own
 */
export function createLateSecretsManagerReader(options: {
  outgoing: OutgoingHttps;
  region?: string;
}): SecretReader {
  let loading: Promise<SecretReader> | undefined;
  return {
    identity: createAwsIdentity(options),
    async read(ref) {
      loading ??= import('./secrets-manager-reader.ts').then(({ createSecretsManagerReader }) =>
        createSecretsManagerReader(options),
      );
      return (await loading).read(ref);
    },
  };
}
