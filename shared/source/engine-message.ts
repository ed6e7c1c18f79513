/** What the engine itself said: the message of the error's cause; '' where it has none. */
export const engineMessage = (error: unknown): string =>
  error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
