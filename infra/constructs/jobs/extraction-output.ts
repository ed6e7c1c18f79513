import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { folderOfExtraction } from '../../../shared/config/rules/extraction-folder.ts';
import type { ExtractionConfig, FerryConfig } from '../../../shared/config/schema/ferry-config.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { acknowledgePrefixes } from '../../acknowledgements.ts';
import type { StateBucket } from '../state-bucket.ts';

/** A run checks what it has written before it was killed, and removes what it leaves unfinished. */
const ACTIONS = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'] as const;

/**
 * Lets a role write the files of an extraction: only below the folder of its workflow, in Ferry's bucket or in the one
 * that the configuration names.
 *
 * @throws ConfigError for a prefix that no policy can contain
 */
export function grantOutput(
  role: Role,
  options: { job: string; config: FerryConfig; extraction: ExtractionConfig; state: StateBucket },
): void {
  const { job, config, extraction, state } = options;
  const { bucket: name, bucketOwner, kmsKeyArn } = extraction.output;
  const folder = folderOfExtraction(config, job, extraction);
  assertPolicyText(job, folder);
  const prefix = `${folder}*`;
  if (name === undefined) {
    state.grant(role, { prefixes: [prefix], actions: ACTIONS });
    state.grantList(role, [prefix]);
    return;
  }
  const bucket = Bucket.fromBucketName(role, 'Output', name);
  // A bucket name that its owner gives up may become somebody else's.
  const owner = bucketOwner === undefined ? {} : { StringEquals: { 's3:ResourceAccount': bucketOwner } };
  role.addToPolicy(
    new PolicyStatement({
      // Only a bucket in another account needs to know who owns the files.
      actions: bucketOwner === undefined ? [...ACTIONS] : [...ACTIONS, 's3:PutObjectAcl'],
      resources: [bucket.arnForObjects(prefix)],
      conditions: owner,
    }),
  );
  role.addToPolicy(
    new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [bucket.bucketArn],
      conditions: { StringLike: { 's3:prefix': [prefix] }, ...owner },
    }),
  );
  if (kmsKeyArn !== undefined) {
    role.addToPolicy(
      new PolicyStatement({ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [kmsKeyArn] }),
    );
  }
  acknowledgePrefixes(role, bucket, [prefix]);
}

/**
 * What a policy can contain: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html lists the
 * characters. A star stands for any text there, and CloudFormation has no room for `${*}`, which would stand for the
 * star.
 */
function assertPolicyText(job: string, folder: string): void {
  const foreign = /[^ -)+-\u00ff]/u.exec(folder)?.[0];
  if (foreign === undefined) return;
  throw new ConfigError(
    `extractions.${job}.output.prefix: a role's policy cannot name keys that contain "${foreign}".`,
    { hint: 'Choose a prefix with Latin letters and without *.' },
  );
}
