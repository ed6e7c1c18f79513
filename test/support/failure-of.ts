import { FerryError } from '../../shared/errors.ts';

/** The error with which work fails. @throws when it does not fail, or in another way */
export async function failureOf(work: Promise<unknown>): Promise<FerryError> {
  const error = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof FerryError))
    throw new Error(`Expected a FerryError, got ${error}`, { cause: error });
  return error;
}
