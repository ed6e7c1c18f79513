/** Names by which two paths of names can come out as the same qualifiedName, or by which they differ. */
const AMBIGUOUS = /[/%(]|^_procedures_$/;

/**
 * The qualifiedNames of one database. Names stand in them as they are, so that a slash in a name may make one of two entities: schema `a`
 * with table `b/c`, schema `a/b` with table `c`. The later one then has its slashes written `%2F`, and what belongs to it follows. Only
 * names that may be in question are kept.
 */
export class QualifiedNames {
  /** The name of the database. */
  readonly databaseName: string;
  /** The qualifiedName of the database. */
  readonly database: string;
  readonly warnings: string[] = [];
  readonly #taken = new Set<string>();
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
        `The database ${database} appears as ${written} in qualifiedNames: its own name would clash with those of another database’s schemas.`,
      );
    }
  }

  schema(schema: string): string {
    return `${this.database}/${schema}`;
  }

  /** Keeps the qualifiedName of a schema with a slash, which may be that of a relation in another one. */
  claimSchema(schema: string): void {
    this.#taken.add(this.schema(schema));
  }

  /** Settles the qualifiedName of a relation that may be in question; in order, after the schemas and before anything asks for it. */
  claimRelation(schema: string, name: string): void {
    const verbatim = `${this.schema(schema)}/${name}`;
    const settled = this.#claim(verbatim, [schema, name]);
    if (settled !== verbatim) this.#renamed.set(keyOf(schema, name), settled);
  }

  relation(schema: string, name: string): string {
    const renamed = this.#renamed.size > 0 ? this.#renamed.get(keyOf(schema, name)) : undefined;
    return renamed ?? `${this.schema(schema)}/${name}`;
  }

  /** To be called once for each column, after all relations. */
  column(schema: string, relation: string, column: string): string {
    return this.#claim(`${this.relation(schema, relation)}/${column}`, [schema, relation, column]);
  }

  /**
   * To be called once for each routine, after all columns.
   *
   * @param argumentTypes where the schema has several of that name
   */
  procedure(schema: string, name: string, argumentTypes?: string): string {
    const signature = argumentTypes === undefined ? name : `${name}(${argumentTypes})`;
    const verbatim = `${this.schema(schema)}/_procedures_/${signature}`;
    return this.#claim(verbatim, [schema, '_procedures_', signature]);
  }

  #claim(verbatim: string, names: readonly string[]): string {
    // Of two paths that are the same text the earlier one has a slash in a name, or stands where routines do.
    const isAmbiguous = names.some((name) => AMBIGUOUS.test(name));
    if (!isAmbiguous && (this.#taken.size === 0 || !this.#taken.has(verbatim))) return verbatim;
    let settled = verbatim;
    for (let spelling = names; this.#taken.has(settled); settled = [this.database, ...spelling].join('/'))
      spelling = respell(spelling);
    this.#taken.add(settled);
    if (settled !== verbatim) {
      this.warnings.push(
        `Two entities would be ${verbatim}: the qualifiedName of the later one is ${settled}, to keep them apart.`,
      );
    }
    return settled;
  }
}

/** The same names in the letters of URLs; another text each time. */
function respell(names: readonly string[]): string[] {
  const withoutSlashes = names.map((name) => name.replaceAll('/', '%2F'));
  if (withoutSlashes.some((name, index) => name !== names[index])) return withoutSlashes;
  // Without a slash it is a name such as `a%2Fb`, a routine called `f(integer)`, or a table `b` of schema `a` next to a schema `a/b`.
  const last = names.at(-1) ?? '';
  const [first = ''] = last;
  const bytes = [...Buffer.from(first)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`);
  return [...names.slice(0, -1), bytes.join('') + last.slice(first.length)];
}

/** A NUL is in no name. */
const keyOf = (schema: string, name: string) => `${schema}\0${name}`;
