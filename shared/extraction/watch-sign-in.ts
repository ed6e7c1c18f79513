import { AccessError, RefusedLoginError, StackUnavailableError } from '../errors.ts';

/**
 * Follows how a login fares at the databases of one source, so that those that are left are not tried without success: each refusal counts
 * towards locking the account, and each try of an STS that is away takes a minute.
 *
 * @param wasLetIn the login was let in already, to list the databases
 * @returns a function to call for each database in turn, with why it could not be read: whether the login is kept out of the others too. A
 *   refusal after it was let in may be one database's own (pg_hba.conf has a method for each); a second one in a row is not.
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
