import { Stack, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ConfigError } from '../../shared/errors.ts';

/**
 * Refuses what is in another region than the stack.
 *
 * @param named a field of ferry.yaml, and what it names
 * @throws ConfigError
 */
export function assertRegion(
  scope: IConstruct,
  { field, kind, arn }: { field: string; kind: string; arn: string },
): void {
  const { region } = Stack.of(scope);
  const [, , , own = ''] = arn.split(':');
  if (Token.isUnresolved(region) || own === region) return;
  throw new ConfigError(`${field}: this ${kind} is in ${own}, and the stack in ${region}.`, {
    hint: `Name a ${kind} of ${region}, or deploy to ${own}.`,
  });
}
