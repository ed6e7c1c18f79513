import { Annotations, CfnOutput } from 'aws-cdk-lib';
import { type ISecurityGroup, SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2';
import { ManagedPolicy, type Role } from 'aws-cdk-lib/aws-iam';
import type { FunctionOptions } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { NetworkConfig } from '../../../shared/config/schema/deployment.ts';
import { acknowledgeInterfaces } from '../../acknowledgements.ts';

export interface SourceNetworkProps {
  network: NetworkConfig;
  /** Whose functions are in it, in words: `the source erp`. */
  of: string;
  /** What they connect to, in words. */
  reaches: string;
}

/**
 * The existing VPC network of a source, or of an extraction's sources. It is referred to by ids, so that synth needs no
 * account.
 */
export class SourceNetwork extends Construct {
  /** What a function needs to be placed in it. */
  readonly functionProps: Required<Pick<FunctionOptions, 'vpc' | 'vpcSubnets' | 'securityGroups'>>;

  constructor(scope: Construct, id: string, { network, of, reaches }: SourceNetworkProps) {
    super(scope, id);
    // Nothing uses the zones, because the subnets are named, but CDK requires one.
    const vpc = Vpc.fromVpcAttributes(this, 'Vpc', { vpcId: network.vpcId, availabilityZones: ['unknown'] });
    // The subnets' route tables belong to their owner, and nothing uses them.
    Annotations.of(this).acknowledgeWarning('@aws-cdk/aws-ec2:noSubnetRouteTableId');
    const groups: ISecurityGroup[] = network.securityGroupIds?.map((groupId) =>
      // Its rules belong to its owner.
      SecurityGroup.fromSecurityGroupId(this, groupId, groupId, { mutable: false }),
    ) ?? [this.#createGroup(vpc, of, reaches)];
    this.functionProps = {
      vpc,
      vpcSubnets: {
        subnets: network.subnetIds.map((subnetId) => Subnet.fromSubnetId(this, subnetId, subnetId)),
      },
      securityGroups: groups,
    };
  }

  /** Lets Lambda put network interfaces into the subnets on behalf of a function's role. */
  grantInterfaces(role: Role): void {
    // The minimum that Lambda requires when it creates the function; it refuses roles that may only do so in some
    // subnets.
    role.addManagedPolicy(
      ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSLambdaENIManagementAccess'),
    );
    acknowledgeInterfaces(role);
  }

  #createGroup(vpc: ReturnType<typeof Vpc.fromVpcAttributes>, of: string, reaches: string): SecurityGroup {
    const group = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: `Ferry: functions of ${of}`,
      allowAllOutbound: true,
    });
    new CfnOutput(this, 'SecurityGroupId', {
      value: group.securityGroupId,
      description: `Allow this security group at ${reaches}`,
    });
    return group;
  }
}
