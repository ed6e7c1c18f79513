import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { batchesOf } from '../../../shared/batches.ts';
import type { SecretRef, SourceConfig } from '../../../shared/config/schema/ferry-config.ts';
import { signingEndpoint, signingRegion } from '../../../shared/config/schema/source-auth.ts';

// CDK splits a role's policy into several when it exceeds AWS's limit for one, but only between statements: with the
// longest names of roles, this is one policy.
const ARNS_A_STATEMENT = 10;

/** The secrets needed to sign in to sources, for {@link grantSecrets}. */
export function secretsOfSources(sources: readonly SourceConfig[]): SecretRef[] {
  return sources.flatMap(({ auth }) => ('secret' in auth ? [auth.secret] : []));
}

/**
 * Lets a role sign in to sources with tokens: as the one database user of each, or with the role that it assumes for
 * that.
 */
export function grantSignIn(role: Role, sources: readonly SourceConfig[]): void {
  const users = sources.flatMap((source) => databaseUserArns(role, source));
  const roles = sources.flatMap(({ auth }) => (auth.type === 'iam-role' ? [auth.roleArn] : []));
  for (const [action, resources] of [
    ['rds-db:connect', users],
    ['sts:AssumeRole', roles],
  ] as const) {
    for (const some of batchesOf([...new Set(resources)], ARNS_A_STATEMENT))
      role.addToPolicy(new PolicyStatement({ actions: [action], resources: some }));
  }
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html */
function databaseUserArns(role: Role, { auth, host = '' }: SourceConfig): string[] {
  if (auth.type !== 'iam') return [];
  const endpoint = signingEndpoint(auth, { host, port: 0 });
  const region = signingRegion(auth, endpoint.host);
  // A checked configuration has one.
  if (region === undefined) throw new Error('A source that signs in with IAM has no region.');
  const arn = Stack.of(role).formatArn({
    service: 'rds-db',
    region,
    resource: 'dbuser',
    resourceName: `${auth.resourceId}/${auth.username}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  return [arn];
}
