import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { outputPrefix } from '../../shared/config/deployment/function-outputs.ts';
import { ConfigError } from '../../shared/errors.ts';
import { awsTimeouts } from '../../shared/network/outgoing-https.ts';
import { explainAwsError } from './aws-errors.ts';

/** A deployed stack of Ferry. */
export interface FoundStack {
  /** CloudFormation's name of it. */
  name: string;
  region: string;
  /** With a `/` at its end. */
  apiUrl: string;
  /** Those of this Ferry, by the names that they have in a stack of their own. */
  outputs: Readonly<Record<string, string>>;
}

/** Which credentials sign, as the AWS SDK finds them: environment, profile (SSO too), the machine's role. */
export type Credentials = () => Promise<{
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}>;

/**
 * Finds a stack by its name, or a Ferry that is a part of a stack by `STACK/PATH`, in the region and account of the AWS SDK's own settings.
 *
 * @param apiUrl instead of the stack's output: an API that is reached by another address
 * @throws ConfigError when there is no such stack or it is not a Ferry stack; AccessError, StackUnavailableError
 */
export async function findStack(
  place: string,
  apiUrl?: string,
): Promise<{ stack: FoundStack; credentials: Credentials }> {
  const [name = '', ...path] = place.split('/');
  const client = new CloudFormationClient({ requestHandler: awsTimeouts });
  try {
    const region = await client.config.region();
    const outputs = outputsOfFerry(await readOutputs(client, name, region), {
      name,
      region,
      prefix: outputPrefix(path.join('/')),
    });
    const url = apiUrl ?? outputs.ApiUrl ?? '';
    const stack = { name, region, apiUrl: url.endsWith('/') ? url : `${url}/`, outputs };
    return { stack, credentials: () => client.config.credentials() };
  } catch (error) {
    throw explainAwsError(error, 'cloudformation:DescribeStacks');
  } finally {
    client.destroy();
  }
}

/** A Ferry that is a part of a stack has outputs with a prefix, which may be left out if there is no other. */
function outputsOfFerry(
  all: Readonly<Record<string, string>>,
  { name, region, prefix }: { name: string; region: string; prefix: string },
): Record<string, string> {
  const prefixes = Object.keys(all)
    .filter((key) => key.endsWith('StateBucketName'))
    .map((key) => key.slice(0, -'StateBucketName'.length))
    .filter((each) => `${each}ApiUrl` in all);
  const named =
    prefix !== '' || prefixes.includes('') ? prefixes.filter((each) => each === prefix) : prefixes;
  const [found, ...others] = named;
  if (found === undefined) {
    const where = prefix === '' ? name : `${name}/${prefix}`;
    throw new ConfigError(
      `The stack ${where} in ${region} is not a Ferry stack: it has no output ${prefix}ApiUrl.`,
      { hint: 'If its deployment is still under way, wait; if it has failed, deploy it again.' },
    );
  }
  if (others.length > 0) {
    const names = named.map((each) => `${name}/${each}`).join(' or ');
    throw new ConfigError(`The stack ${name} in ${region} has several Ferrys.`, { hint: `Name ${names}.` });
  }
  const own = Object.entries(all).filter(([key]) => key.startsWith(found));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(found.length), value]));
}

async function readOutputs(
  client: CloudFormationClient,
  name: string,
  region: string,
): Promise<Record<string, string>> {
  const { Stacks } = await client
    .send(new DescribeStacksCommand({ StackName: name }))
    .catch((error: unknown) => {
      // So CloudFormation says that there is none:
      // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
      if (error instanceof Error && error.name === 'ValidationError') {
        throw new ConfigError(
          `There is no stack ${name} in ${region}, in the account of these credentials.`,
          {
            cause: error,
            hint: 'Check AWS_REGION and AWS_PROFILE; `aws cloudformation list-stacks` lists the existing stacks.',
          },
        );
      }
      throw error;
    });
  return Object.fromEntries(
    (Stacks?.[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
  );
}
