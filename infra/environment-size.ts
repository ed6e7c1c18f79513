import { CfnResource, Stack, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Lambda's limit for all variables of a function together, which it measures as JSON. */
export const MAXIMUM_ENVIRONMENT_BYTES = 4_096;

/** How long names are that CloudFormation generates, and what a reference has in front of them. */
interface Reference {
  longest: number;
  before?: number;
}
const REFERENCES: Readonly<Record<string, Reference>> = {
  'AWS::S3::Bucket': { longest: 63 },
  // https://sqs.REGION.SUFFIX/ACCOUNT/
  'AWS::SQS::Queue': { longest: 80, before: 60 },
  // arn:PARTITION:sns:REGION:ACCOUNT:
  'AWS::SNS::Topic': { longest: 256, before: 46 },
  'AWS::ApiGateway::RestApi': { longest: 10 },
  'AWS::ApiGateway::Stage': { longest: 10 },
};
/** Such as functions. */
const ANYTHING_ELSE: Reference = { longest: 64 };

/** The longest values that there are. */
const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::AccountId': '111122223333',
  'AWS::Partition': 'aws-us-gov',
  'AWS::Region': 'ap-northeast-1',
  'AWS::StackName': 'x'.repeat(128),
  'AWS::URLSuffix': 'amazonaws.com.cn',
};

/** The length of a generated name: the stack's name, the logical id and 12 random characters, cut at `longest`. */
export function nameLength(stack: Stack, logicalId: string, { longest } = ANYTHING_ELSE): number {
  if (Token.isUnresolved(stack.stackName)) return longest;
  return Math.min(longest, `${stack.stackName}-${logicalId}-`.length + 12);
}

/** How large the variables of a function can get, of which only the deployment knows some. */
export function environmentBytes(scope: IConstruct, variables: Readonly<Record<string, string>>): number {
  const stack = Stack.of(scope);
  const types = new Map(
    scope.node
      .findAll()
      .filter((node) => CfnResource.isCfnResource(node))
      .map((resource) => [stack.resolve(resource.logicalId), resource.cfnResourceType]),
  );
  const nameOf = (id: string) => {
    const reference = REFERENCES[types.get(id) ?? ''] ?? ANYTHING_ELSE;
    return 'x'.repeat(nameLength(stack, id, reference) + (reference.before ?? 0));
  };
  const textOf = (value: unknown): string => {
    if (typeof value === 'string') return value;
    const { Ref: id, 'Fn::Join': joined, 'Fn::Sub': template } = value as Readonly<Record<string, unknown>>;
    if (typeof id === 'string') return PSEUDO_PARAMETERS[id] ?? nameOf(id);
    if (typeof template === 'string')
      return template.replaceAll(/\$\{([^}]+)\}/g, (_text, name) => textOf({ Ref: name }));
    if (!Array.isArray(joined)) return nameOf('');
    const [separator, parts] = joined as [string, unknown[]];
    return parts.map(textOf).join(separator);
  };
  const resolved: Record<string, unknown> = stack.resolve(variables);
  const known = Object.entries(resolved).map(([name, value]) => [name, textOf(value)]);
  return Buffer.byteLength(JSON.stringify(Object.fromEntries(known)));
}
