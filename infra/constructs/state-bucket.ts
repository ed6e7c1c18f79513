import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { batchesOf } from '../../shared/batches.ts';
import { acknowledgePrefixes } from '../acknowledgements.ts';
import type { CustomerKey } from './customer-key.ts';

export interface StateBucketProps {
  /** Name of an existing bucket to use; by default, the stack creates one. */
  adopt?: string | undefined;
  /** Whether S3 announces free slots to EventBridge (leases/queue/…), which it then does for all objects. */
  announces?: boolean;
  /** Customer-managed key that encrypts it. */
  key?: CustomerKey | undefined;
}

/** What a role may do with documents whose keys match patterns such as `jobs/orders/*`. */
export interface PrefixGrant {
  prefixes: readonly string[];
  actions: readonly ('s3:GetObject' | 's3:PutObject' | 's3:DeleteObject' | 's3:AbortMultipartUpload')[];
}

// CDK splits a role's policy into several when it exceeds AWS's limit for one, but only between statements: with the
// longest names, two statements are one policy.
const PREFIXES_A_STATEMENT = 18;

/**
 * Ferry's memory: run records, leases, baselines, refused files, and what extractions write. It stays when the stack is
 * destroyed.
 */
export class StateBucket extends Construct {
  readonly bucket: IBucket;
  readonly #key: CustomerKey | undefined;

  constructor(scope: Construct, id: string, { adopt, key, announces = false }: StateBucketProps) {
    super(scope, id);
    this.#key = key;
    this.bucket =
      adopt === undefined ? this.#create(key, announces) : Bucket.fromBucketName(this, 'Adopted', adopt);
  }

  /** Lets a role use documents by their prefixes; see {@link grantList} for those that may be absent. */
  grant(role: IRole, { prefixes, actions }: PrefixGrant): void {
    for (const some of batchesOf(prefixes, PREFIXES_A_STATEMENT)) {
      role.addToPrincipalPolicy(
        new PolicyStatement({
          actions: [...actions],
          resources: some.map((prefix) => this.bucket.arnForObjects(prefix)),
        }),
      );
    }
    this.#key?.grantUse(role);
    acknowledgePrefixes(role, this.bucket, prefixes);
  }

  /**
   * Lets a role list keys with these prefixes: without it, S3 answers 403 instead of 404 for a document that does not
   * exist yet. (`s3:prefix` is then the requested key; docs/decisions/0005-stack.md.) The prefixes are kinds of
   * documents and not jobs, because a role's policies have room for each job's prefixes only once: this lists names,
   * and reads nothing.
   */
  grantList(role: IRole, prefixes: readonly string[]): void {
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [this.bucket.bucketArn],
        conditions: { StringLike: { 's3:prefix': [...prefixes] } },
      }),
    );
  }

  #create(key: CustomerKey | undefined, announces: boolean): IBucket {
    const bucket = new Bucket(this, 'Bucket', {
      ...(key === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : {
            encryption: BucketEncryption.KMS,
            encryptionKey: key.key,
            // One call to KMS for many objects: a run writes dozens.
            bucketKeyEnabled: true,
          }),
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      versioned: true,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        { id: 'multipart', abortIncompleteMultipartUploadAfter: Duration.days(1) },
        // A lease is renewed every ten seconds; only its latest version means anything.
        // Removing the ticket of a run that waited leaves a marker.
        {
          id: 'leases',
          prefix: 'leases/',
          noncurrentVersionExpiration: Duration.days(1),
          expiredObjectDeleteMarker: true,
        },
        // Long enough to look at a result that a guard refused, and to accept it.
        {
          id: 'refused',
          prefix: 'refused/',
          expiration: Duration.days(7),
          noncurrentVersionExpiration: Duration.days(1),
        },
        // Names without content, removed as soon as newer ones exist.
        {
          id: 'states',
          prefix: 'states/',
          noncurrentVersionExpiration: Duration.days(1),
          expiredObjectDeleteMarker: true,
        },
        // An idempotency key is remembered for this long.
        {
          id: 'requests',
          prefix: 'requests/',
          expiration: Duration.days(7),
          noncurrentVersionExpiration: Duration.days(1),
        },
        // Files of extractions below artifacts/ have no rule: the newest files of a workflow stay, however long it does
        // not run.
        // Removed alerts and archives leave a marker, too, which every listing would have to skip forever.
        { id: 'replaced', noncurrentVersionExpiration: Duration.days(30), expiredObjectDeleteMarker: true },
      ],
    });
    // By CDK's own property, a custom resource would do it.
    if (announces)
      (bucket.node.defaultChild as CfnBucket).notificationConfiguration = {
        eventBridgeConfiguration: { eventBridgeEnabled: true },
      };
    // CDK's own types omit it where a property may be undefined.
    return bucket as IBucket;
  }
}
