import type { ConfigError } from '../errors.ts';

/**
 * Something is wrong with the whole job, not only with the database that showed it. It ends the run with the error that
 * it contains.
 */
export class WholeJobError extends Error {
  readonly error: ConfigError;

  constructor(error: ConfigError) {
    super(error.message, { cause: error });
    this.error = error;
  }
}
