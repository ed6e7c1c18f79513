import type { AtlanConnection } from '../../config/atlan-connection.ts';
import type { EntityForm } from '../../source/catalog/catalog.ts';
import type { EntityFolder } from '../../source/catalog/entity-folders.ts';
import { commonAttributes, type EntityContext } from '../entities/context.ts';
import type { EntityKind, RawRow } from '../entities/entity-kind.ts';
import { entityKindsOf } from '../entities/entity-kinds.ts';
import type { QualifiedNames } from '../entities/qualified-names.ts';
import type { FileFacts } from './hash-file.ts';
import { JsonlFile } from './jsonl-file.ts';

export interface EntityWriterOptions {
  form: EntityForm;
  connection: AtlanConnection;
  tenantId: string;
  workflowId: string;
  runId: string;
  names: QualifiedNames;
  tablePartitions: boolean;
  relationsBeside: boolean;
  rowsPerFile: { raw: number; transformed: number };
  /** Path of a file; both numbers from 1. */
  pathOf: (chunk: number, part: number) => string;
}

export interface EntityFile extends FileFacts {
  /** That of the raw file with the same rows, from 1. */
  chunk: number;
  /** Its number within the chunk, from 1. */
  part: number;
  path: string;
  rows: number;
}

/** Builds the entities of one folder and writes them as JSONL, in files that begin where the raw files do. */
export class EntityWriter {
  readonly #options: EntityWriterOptions;
  readonly #serialize: ReturnType<EntityKind['serializer']>;
  readonly #files: EntityFile[] = [];
  readonly #entities: Record<string, number> = {};
  #context: EntityContext;
  #file: JsonlFile | undefined;
  #chunk = 1;
  #part = 1;
  #rowsInChunk = 0;

  constructor(type: EntityFolder, options: EntityWriterOptions) {
    this.#serialize = entityKindsOf(options.form)[type].serializer();
    this.#options = options;
    this.#context = this.#newContext();
  }

  async write(rows: Iterable<RawRow>): Promise<void> {
    const { raw, transformed } = this.#options.rowsPerFile;
    for (const row of rows) {
      this.#file ??= await JsonlFile.create(this.#options.pathOf(this.#chunk, this.#part));
      const { typeName, json } = this.#serialize(row, this.#context);
      this.#entities[typeName] = (this.#entities[typeName] ?? 0) + 1;
      const full = this.#file.add(json);
      if (full) await full;
      this.#rowsInChunk += 1;
      if (this.#rowsInChunk === raw) await this.#finishChunk();
      else if (this.#file.rows === transformed) await this.#finishPart();
    }
  }

  /** Without rows there is no file. */
  async finish(): Promise<{ files: EntityFile[]; entities: Record<string, number> }> {
    await this.#finishPart();
    return { files: this.#files, entities: this.#entities };
  }

  /** Closes an open file, and leaves it as it is. */
  async abandon(): Promise<void> {
    await this.#file?.abandon();
  }

  #newContext(): EntityContext {
    const { names, tablePartitions, relationsBeside } = this.#options;
    const common = commonAttributes({ ...this.#options, at: Date.now() });
    return { names, tablePartitions, relationsBeside, common };
  }

  async #finishChunk(): Promise<void> {
    await this.#finishPart();
    this.#chunk += 1;
    this.#part = 1;
    this.#rowsInChunk = 0;
    this.#context = this.#newContext();
  }

  async #finishPart(): Promise<void> {
    if (!this.#file) return;
    const { path, rows } = this.#file;
    const facts = await this.#file.finish();
    this.#files.push({ chunk: this.#chunk, part: this.#part, path, rows, ...facts });
    this.#file = undefined;
    this.#part += 1;
  }
}
