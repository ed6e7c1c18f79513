import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Ferry, type FerryProps, HIDDEN_ID } from './ferry.ts';

export interface FerryStackProps extends StackProps, FerryProps {}

/** A stack with everything that one ferry.yaml needs, and nothing else. */
export class FerryStack extends Stack {
  readonly ferry: Ferry;

  constructor(
    scope: Construct,
    id: string,
    { config, codePath, serviceCodePath, architecture, ...props }: FerryStackProps,
  ) {
    // CloudFormation counts the spaces, too.
    super(scope, id, { suppressTemplateIndentation: true, ...props });
    this.ferry = new Ferry(this, HIDDEN_ID, { config, codePath, serviceCodePath, architecture });
  }
}
