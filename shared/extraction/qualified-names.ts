/** Letters by which two paths of names can come out as the same qualifiedName, or by which they are told apart. */
const AMBIGUOUS = /[/%(]/;

type Kind = 'relation' | 'column' | 'procedure';

/**
 * The qualifiedNames of one database. Names stand in them as they are, so that a slash in a name may make two entities of a kind out as
 * one: schema `a` with table `b/c`, schema `a/b` with table `c`. The later one then has its slashes written `%2F`, and what belongs to it
 * follows. Only names with such letters are kept.
 */
export class QualifiedNames {
  /** The name of the database. */
  readonly databaseName: string;
  /** The qualifiedName of the database. */
  readonly database: string;
  readonly warnings: string[] = [];
  readonly #taken: Readonly<Record<Kind, Set<string>>> = {
    relation: new Set(),
    column: new Set(),
    procedure: new Set(),
  };
  /** Relations that have another qualifiedName than their names make. */
  readonly #renamed = new Map<string, string>();

  /**
   * @param connection qualifiedName of the connection
   * @param written how the database stands in the names, where that is not its own name (write-databases.ts)
   */
  constructor(connection: string, database: string, written = database) {
    this.databaseName = database;
    this.database = `${connection}/${written}`;
    if (written !== database) {
      this.warnings.push(
        `The database ${database} stands as ${written} in qualifiedNames: its own would be those of another database’s schemas too.`,
      );
    }
  }

  schema(schema: string): string {
    return `${this.database}/${schema}`;
  }

  /** Settles the qualifiedName of a relation; to be called in order for each one with a letter of {@link AMBIGUOUS}, before anything asks for it. */
  claimRelation(schema: string, name: string): void {
    const verbatim = `${this.schema(schema)}/${name}`;
    const settled = this.#claim('relation', verbatim, [schema, name]);
    if (settled !== verbatim) this.#renamed.set(keyOf(schema, name), settled);
  }

  relation(schema: string, name: string): string {
    const renamed = this.#renamed.size > 0 ? this.#renamed.get(keyOf(schema, name)) : undefined;
    return renamed ?? `${this.schema(schema)}/${name}`;
  }

  /** To be called once for each column. */
  column(schema: string, relation: string, column: string): string {
    const verbatim = `${this.relation(schema, relation)}/${column}`;
    if (!isAmbiguous(schema, relation, column)) return verbatim;
    return this.#claim('column', verbatim, [schema, relation, column]);
  }

  /**
   * To be called once for each routine.
   *
   * @param argumentTypes where the schema has several of that name
   */
  procedure(schema: string, name: string, argumentTypes?: string): string {
    const signature = argumentTypes === undefined ? name : `${name}(${argumentTypes})`;
    const verbatim = `${this.schema(schema)}/_procedures_/${signature}`;
    if (!isAmbiguous(schema, signature)) return verbatim;
    return this.#claim('procedure', verbatim, [schema, '_procedures_', signature]);
  }

  #claim(kind: Kind, verbatim: string, names: readonly string[]): string {
    const taken = this.#taken[kind];
    let settled = verbatim;
    let written = names.map((name) => name.replaceAll('/', '%2F'));
    for (let free = !taken.has(settled); !free; free = !taken.has(settled)) {
      settled = [this.database, ...written].join('/');
      // Where that is taken too: a routine may be called `f(integer)`, and a name may hold `%2F` itself.
      written = written.map((name) => name.replaceAll('%', '%25').replaceAll('(', '%28'));
    }
    taken.add(settled);
    if (settled !== verbatim) {
      this.warnings.push(
        `Two ${kind}s of the names ${verbatim} are told apart: the qualifiedName of the later one is ${settled}.`,
      );
    }
    return settled;
  }
}

/** Whether two different paths that hold this one's names may be the same text. */
function isAmbiguous(...names: readonly string[]): boolean {
  return names.some((name) => AMBIGUOUS.test(name));
}

/** A NUL is in no name. */
const keyOf = (schema: string, name: string) => `${schema}\0${name}`;
