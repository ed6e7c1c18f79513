/**
 * Texts of a catalog that the server may fail to give of a single object, by the kind of object that has them.
 * `schema`, `relation`, `column` and `routine` are the names: what has none that can be read is left out as a whole,
 * with all that belongs to it.
 */
export const partKinds = {
  schema: 'schema',
  relation: 'relation',
  column: 'column',
  routine: 'routine',
  definition: 'relation',
  insertable: 'relation',
  comment: 'relation',
  bound: 'relation',
  rowType: 'relation',
  parent: 'relation',
  default: 'column',
  type: 'column',
  keys: 'column',
  columnComment: 'column',
  source: 'routine',
  arguments: 'routine',
} as const satisfies Record<string, ObjectKind>;

export type ObjectKind = 'schema' | 'relation' | 'column' | 'routine';
export type Part = keyof typeof partKinds;

/** A part of an object that the server cannot return. */
export interface Fault {
  part: Part;
  /** The server's number of the object; for a column, that of its relation. */
  object: number;
  /** Number of the column; 0 elsewhere. */
  column: number;
  /** The server's code of the error, such as a SQLSTATE. */
  code: string;
  /** The server's words, if they may be printed. */
  said: string | null;
  /** It also failed in the previous transaction, so the object exists. */
  isSettled?: boolean;
}

const ofIt = (what: string) => (name: string) => `${what} of ${name}`;

/** What is left out of an object, by its name. */
const leftOut: Readonly<Record<Part, (name: string) => string>> = {
  schema: (name) => `the schema ${name}`,
  relation: (name) => `${name} and its columns`,
  column: (name) => `the column ${name}`,
  routine: (name) => `the routine ${name}`,
  definition: ofIt('the definition'),
  insertable: (name) => `whether ${name} takes rows`,
  comment: ofIt('the comment'),
  bound: ofIt('the partition constraint'),
  rowType: ofIt('the row type'),
  parent: ofIt('the name of the parent'),
  default: ofIt('the default'),
  type: ofIt('the name of the type'),
  keys: ofIt('the names of the constraints'),
  columnComment: ofIt('the comment'),
  source: ofIt('the definition'),
  arguments: ofIt('the names of the argument types'),
};

/** More names would make the message hard to read. */
const MAX_NAMES = 20;

/** Identifies a fault. */
export const keyOf = ({ part, object, column }: Fault) => `${part} ${object} ${column}`;

/** The faults whose names {@link describeFaults} needs. */
export const toName = (faults: readonly Fault[]) => faults.slice(0, MAX_NAMES);

/**
 * One warning for each object, up to a number of them.
 *
 * @param names of the objects of {@link toName}, in its order
 * @param reasonOf the catalog's
 */
export function describeFaults(
  faults: readonly Fault[],
  names: readonly string[],
  reasonOf: (fault: Fault) => string,
): string[] {
  const told = toName(faults).map((fault, index) => {
    const name = (names[index] ?? '').replace(/\p{Cc}/gu, ' ');
    return `Left out: ${leftOut[fault.part](name)}, because ${reasonOf(fault)}.`;
  });
  const more = faults.length - told.length;
  return more > 0 ? [...told, `Left out for similar reasons: ${more} more.`] : told;
}
