import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';

/** A JSON document that the deployment uploads to S3, under the hash of its content: changing it needs no new code. */
export class JsonAsset extends Construct {
  /** For the environment of the function that reads it. */
  readonly location: { CONFIG_BUCKET: string; CONFIG_KEY: string };
  readonly #asset: Asset;

  constructor(scope: Construct, id: string, document: unknown) {
    super(scope, id);
    const folder = mkdtempSync(join(tmpdir(), 'ferry-synth-'));
    const path = join(folder, 'config.json');
    writeFileSync(path, JSON.stringify(document));
    // The asset has been copied into the cloud assembly when this returns.
    this.#asset = new Asset(this, 'Asset', { path });
    rmSync(folder, { recursive: true });
    this.location = { CONFIG_BUCKET: this.#asset.s3BucketName, CONFIG_KEY: this.#asset.s3ObjectKey };
  }

  /** Lets a role read this one object; Asset.grantRead would open the whole assets bucket. */
  grantRead(grantee: IGrantable): void {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['s3:GetObject'],
        resources: [this.#asset.bucket.arnForObjects(this.#asset.s3ObjectKey)],
      }),
    );
  }
}
