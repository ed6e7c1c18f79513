import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { ConfigError } from '../../shared/errors.ts';
import { awsTimeouts } from '../../shared/network/outgoing-https.ts';
import { explainAwsError } from './aws-errors.ts';

/** A deployed stack of Ferry. */
export interface FoundStack {
  name: string;
  region: string;
  /** With a `/` at its end. */
  apiUrl: string;
  outputs: Readonly<Record<string, string>>;
}

/** Which credentials sign, as the AWS SDK finds them: environment, profile (SSO too), the machine's role. */
export type Credentials = () => Promise<{
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}>;

/**
 * Finds a stack by its name, in the region and account of the AWS SDK's own settings.
 *
 * @param apiUrl instead of the stack's output: an API that is reached by another address
 * @throws ConfigError when there is no such stack or it is not a Ferry stack; AccessError, StackUnavailableError
 */
export async function findStack(
  name: string,
  apiUrl?: string,
): Promise<{ stack: FoundStack; credentials: Credentials }> {
  const client = new CloudFormationClient({ requestHandler: awsTimeouts });
  try {
    const region = await client.config.region();
    const outputs = await readOutputs(client, name, region);
    const url = apiUrl ?? outputs.ApiUrl;
    if (url === undefined || outputs.StateBucketName === undefined) {
      throw new ConfigError(`The stack ${name} in ${region} is not a Ferry stack: it has no output ApiUrl.`, {
        hint: 'If its deployment is still under way, wait; if it has failed, deploy it again.',
      });
    }
    const stack = { name, region, apiUrl: url.endsWith('/') ? url : `${url}/`, outputs };
    return { stack, credentials: () => client.config.credentials() };
  } catch (error) {
    throw explainAwsError(error, 'cloudformation:DescribeStacks');
  } finally {
    client.destroy();
  }
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
