import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

/** Ferry's memory: run records, and later leases, baselines and artifacts. Stays when the stack is destroyed. */
export class StateBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      versioned: true,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        { id: 'multipart', abortIncompleteMultipartUploadAfter: Duration.days(1) },
        // A lease is renewed every ten seconds; only its latest version means anything.
        // The ticket of a run that waited is removed, which leaves a marker.
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
        // Names without content, removed as soon as newer ones stand.
        {
          id: 'states',
          prefix: 'states/',
          noncurrentVersionExpiration: Duration.days(1),
          expiredObjectDeleteMarker: true,
        },
        // So long an idempotency key is remembered.
        {
          id: 'requests',
          prefix: 'requests/',
          expiration: Duration.days(7),
          noncurrentVersionExpiration: Duration.days(1),
        },
        { id: 'replaced', noncurrentVersionExpiration: Duration.days(30) },
      ],
    });
  }
}
