/** Variables of the process, or what stands for them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of a variable; an empty one counts as absent. */
export type Variable = (name: string) => string | undefined;

export const variablesIn =
  (environment: Environment): Variable =>
  (name) =>
    environment[name]?.trim() || undefined;

export const isTrue = (text: string | undefined): boolean => /^(true|1|yes)$/i.test(text ?? '');

/** The words of a list with commas, in lower case; undefined when it is absent. */
export const listOf = (text: string | undefined): string[] | undefined =>
  text?.split(',').map((word) => word.trim().toLowerCase());
