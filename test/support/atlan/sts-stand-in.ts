import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AwsKeys } from '../../../shared/source/credentials/aws-identity.ts';

/** AWS's STS, as far as it gives keys to whoever assumes a role. */
export interface StsStandIn extends AsyncDisposable {
  url: string;
  /** The parameters of each request, in order. */
  readonly asked: Record<string, string>[];
}

/** Starts one on a free port of 127.0.0.1, which lets anyone assume `roleArn`, and nobody another one. */
export async function startStsStandIn(roleArn: string, keys: AwsKeys): Promise<StsStandIn> {
  const asked: Record<string, string>[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const parameters = Object.fromEntries(new URLSearchParams(body));
    asked.push(parameters);
    response.setHeader('content-type', 'text/xml');
    if (parameters.Action === 'AssumeRole' && parameters.RoleArn === roleArn) {
      const { accessKeyId, secretAccessKey, sessionToken } = keys;
      response.end(
        `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey><SessionToken>${sessionToken}</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
      );
      return;
    }
    response.statusCode = 403;
    response.end(
      '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>No.</Message></Error></ErrorResponse>',
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
