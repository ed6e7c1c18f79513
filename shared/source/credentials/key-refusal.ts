import { AccessError } from '../../errors.ts';

/** AWS's answers about the keys of the caller, by the names of its errors. */
export const keyProblems: Readonly<Record<string, string>> = {
  ExpiredToken: 'their session has expired',
  ExpiredTokenException: 'their session has expired',
  InvalidClientTokenId: 'AWS does not know them: a deleted or disabled key, or a wrong session token',
  UnrecognizedClientException: 'AWS does not know them: a deleted or disabled key, or a wrong session token',
  SignatureDoesNotMatch: 'the secret key does not belong to the access key, or the clock here is wrong',
  RequestExpired: 'the clock here is wrong',
  InvalidSignatureException: 'the secret key does not belong to the access key, or the clock here is wrong',
};

/** What an answer of AWS says about the keys that signed a request; undefined when it is about something else. */
export function explainKeyRefusal(error: unknown): AccessError | undefined {
  const problem = error instanceof Error ? keyProblems[error.name] : undefined;
  if (problem === undefined) return undefined;
  return new AccessError(`AWS rejected the credentials of this process: ${problem}.`, {
    cause: error,
    hint: 'Sign in again, and correct the clock.',
  });
}
