import { AccessError, RefusedLoginError, StackUnavailableError } from '../../errors.ts';

/**
 * Watches how a login fares with the databases of one source, so that the remaining ones are not tried in vain: each
 * refusal counts towards locking the account, and each try of an unreachable STS takes a minute.
 *
 * @param wasLetIn whether the login worked before, to list the databases
 * @returns a function to call for each database in turn, with why it could not be read. It returns whether the others
 *   will refuse the login too. After the login has worked once, one refusal may concern just that database (pg_hba.conf
 *   has a method for each); a second one in a row does not.
 */
export function watchSignIn(wasLetIn: boolean): (error?: unknown) => boolean {
  let letIn = wasLetIn;
  return (error) => {
    if (error instanceof AccessError || error instanceof StackUnavailableError) return true;
    const refused = error instanceof RefusedLoginError;
    const keptOut = refused && !letIn;
    letIn = !refused;
    return keptOut;
  };
}
