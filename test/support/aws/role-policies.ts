import type { MiniStack } from './mini-stack.ts';
import { queryAws, textsOf } from './query-aws.ts';

/** A statement of a policy. */
export interface Statement {
  Action: string | string[];
  Resource: string | string[];
}

/** Statements that a role lacks. They are put back when this is disposed of, so that a failed test does not leave the role without them. */
export interface RemovedStatements extends AsyncDisposable {
  putBack(): Promise<void>;
}

/** The inline policies of a local AWS's roles. */
export interface RolePolicies {
  /**
   * Takes the statements away that `matches` says yes to, from the one role of which the name begins so.
   *
   * @throws when there is no such role or statement
   */
  remove(role: string, matches: (statement: Statement) => boolean): Promise<RemovedStatements>;
}

/** Changes roles as a person would in IAM, next to CloudFormation. */
export async function rolePolicies(aws: MiniStack): Promise<RolePolicies> {
  const ask = await queryAws(aws, { service: 'iam', version: '2010-05-08', region: 'us-east-1' });
  return {
    async remove(role, matches) {
      const roles = textsOf(await ask('ListRoles', { MaxItems: '1000' }), 'RoleName');
      const [RoleName, ...others] = roles.filter((name) => name.startsWith(role));
      if (RoleName === undefined || others.length > 0)
        throw new Error(`Not one role ${role}…: ${roles.join(', ')}`);
      const [PolicyName = ''] = textsOf(await ask('ListRolePolicies', { RoleName }), 'member');
      const [encoded = ''] = textsOf(await ask('GetRolePolicy', { RoleName, PolicyName }), 'PolicyDocument');
      const policy = JSON.parse(decodeURIComponent(encoded)) as { Statement: Statement[] };
      const Statement = policy.Statement.filter((statement) => !matches(statement));
      if (Statement.length === policy.Statement.length) throw new Error(`${RoleName} has no such statement.`);
      const put = (document: object) =>
        ask('PutRolePolicy', { RoleName, PolicyName, PolicyDocument: JSON.stringify(document) });
      await put({ ...policy, Statement });
      let back: Promise<unknown> | undefined;
      const putBack = async () => {
        back ??= put(policy);
        await back;
      };
      return { putBack, [Symbol.asyncDispose]: putBack };
    },
  };
}
