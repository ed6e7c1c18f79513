/** Characters by which two different paths can give the same qualifiedName, or by which they differ. */
const AMBIGUOUS = /[/%(]|^_(procedures|partitions)_$/;

/**
 * The qualifiedNames of one database. They contain the names as they are, so a slash in a name can turn two entities
 * into one: schema `a` with table `b/c`, and schema `a/b` with table `c`. The later one then gets `%2F` for its
 * slashes, as does everything inside it. Only names that may collide are stored.
 */
export class QualifiedNames {
  /** The name of the database. */
  readonly databaseName: string;
  /** The qualifiedName of the database. */
  readonly database: string;
  readonly warnings: string[] = [];
  readonly #taken = new Set<string>();
  /** Relations whose qualifiedName differs from the one that their names make. */
  readonly #renamed = new Map<string, string>();

  /**
   * @param connection qualifiedName of the connection
   * @param written how the database appears in the names, if that differs from its own name (escape-database-names.ts)
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

  /** Stores the qualifiedName of a schema with a slash, which may equal that of a relation in another one. */
  claimSchema(schema: string): void {
    this.#taken.add(this.schema(schema));
  }

  /**
   * Settles the qualifiedName of a relation that may collide. Call it in order, after the schemas and before anything
   * uses the name.
   */
  claimRelation(schema: string, name: string): void {
    const verbatim = `${this.schema(schema)}/${name}`;
    const settled = this.#claim(verbatim, [schema, name]);
    if (settled !== verbatim) this.#renamed.set(keyOf(schema, name), settled);
  }

  relation(schema: string, name: string): string {
    const renamed = this.#renamed.size > 0 ? this.#renamed.get(keyOf(schema, name)) : undefined;
    return renamed ?? `${this.schema(schema)}/${name}`;
  }

  /**
   * Of a partition that is no relation of its own. Call {@link claimPartition} once for each, before its subpartitions and
   * before anything uses the name.
   */
  partition(schema: string, table: string, partition: string): string {
    const renamed = this.#renamed.size > 0 ? this.#renamed.get(keyOf(schema, table, partition)) : undefined;
    return renamed ?? this.#verbatimPartition(schema, table, partition);
  }

  claimPartition(schema: string, table: string, partition: string): void {
    const verbatim = this.#verbatimPartition(schema, table, partition);
    const settled = this.#claim(verbatim, [schema, table, '_partitions_', partition]);
    if (settled !== verbatim) this.#renamed.set(keyOf(schema, table, partition), settled);
  }

  #verbatimPartition(schema: string, table: string, partition: string): string {
    return `${this.relation(schema, table)}/_partitions_/${partition}`;
  }

  /** Call this once for each column, after all relations. */
  column(schema: string, relation: string, column: string): string {
    return this.#claim(`${this.relation(schema, relation)}/${column}`, [schema, relation, column]);
  }

  /**
   * The qualifiedName of a column from anywhere, before or after {@link column} has been called for it.
   *
   * @returns undefined for one that may get another name, to be distinguished from something else: it is not known yet
   */
  columnReference(schema: string, relation: string, column: string): string | undefined {
    const isAmbiguous = [schema, relation, column].some((name) => AMBIGUOUS.test(name));
    const verbatim = `${this.schema(schema)}/${relation}/${column}`;
    return isAmbiguous || this.#renamed.has(keyOf(schema, relation)) || this.#taken.has(verbatim)
      ? undefined
      : verbatim;
  }

  /**
   * Call this once for each routine, after all columns.
   *
   * @param distinction when the schema has several routines with this name: what only this one has, such as its argument
   *   types
   */
  procedure(schema: string, name: string, distinction?: string): string {
    const signature = distinction === undefined ? name : `${name}(${distinction})`;
    const verbatim = `${this.schema(schema)}/_procedures_/${signature}`;
    return this.#claim(verbatim, [schema, '_procedures_', signature]);
  }

  #claim(verbatim: string, names: readonly string[]): string {
    // Of two paths with the same text, the earlier one has a slash in a name, or is where routines are.
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

/** The same names, percent-encoded: always a different text. */
function respell(names: readonly string[]): string[] {
  const withoutSlashes = names.map((name) => name.replaceAll('/', '%2F'));
  if (withoutSlashes.some((name, index) => name !== names[index])) return withoutSlashes;
  // Without a slash it is a name such as `a%2Fb`, a routine called `f(integer)`, or a table `b` of schema `a` next to a
  // schema `a/b`.
  const last = names.at(-1) ?? '';
  const [first = ''] = last;
  const bytes = [...Buffer.from(first)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`);
  return [...names.slice(0, -1), bytes.join('') + last.slice(first.length)];
}

/** No name contains a NUL. */
const keyOf = (...names: readonly string[]) => names.join('\0');
