import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { commonAttributes, type EntityContext } from './entities/context.ts';
import { entityKinds } from './entities/entity-kinds.ts';
import type { EntityFolder } from './entity-folders.ts';
import type { ExtractDatabaseOptions } from './extract-database.ts';
import { type FileFacts, hashFile, JsonlFile } from './jsonl-file.ts';
import { isAmbiguous, type QualifiedNames } from './qualified-names.ts';
import type { RawFiles } from './raw-files.ts';

/** A finished file of an extraction. */
export interface ExtractedFile extends FileFacts {
  form: 'raw' | 'transformed';
  type: EntityFolder;
  /** From 1, in its folder of this database. */
  chunk: number;
  /** From 1, in its chunk. */
  part: number;
  path: string;
  rows: number;
}

export interface TransformOptions
  extends Pick<
    ExtractDatabaseOptions,
    'connection' | 'tenantId' | 'workflowId' | 'runId' | 'rowsPerFile' | 'onProgress'
  > {
  rawFiles: RawFiles;
  names: QualifiedNames;
  /** Where raw/ and transformed/ are. */
  folders: Readonly<Record<ExtractedFile['form'], string>>;
  signal: AbortSignal;
}

interface RawPart {
  path: string;
  rows: number;
}

/** Makes the files of one folder from the source's answer. */
export class TransformFolder {
  readonly #type: EntityFolder;
  readonly #options: TransformOptions;
  readonly #files: ExtractedFile[] = [];
  readonly #entities: Record<string, number> = {};
  #rows = 0;

  constructor(type: EntityFolder, options: TransformOptions) {
    this.#type = type;
    this.#options = options;
  }

  /** @param staging all raw rows in one file, which is moved or removed */
  async transform(staging: RawPart): Promise<{ files: ExtractedFile[]; entities: Record<string, number> }> {
    if (this.#type === 'table') await this.#settleNames(staging);
    const chunks = await this.#cut(staging);
    for (const [index, chunk] of chunks.entries()) {
      this.#options.signal.throwIfAborted();
      const facts = { form: 'raw', type: this.#type, chunk: index + 1, part: 1, ...chunk } as const;
      const [hashed] = await Promise.all([hashFile(chunk.path), this.#buildEntities(chunk, index + 1)]);
      this.#files.push({ ...facts, ...hashed });
    }
    return { files: this.#files, entities: this.#entities };
  }

  /** Before the first relation is built, as it may point at any other one. */
  async #settleNames({ path }: RawPart): Promise<void> {
    const { rawFiles, names } = this.#options;
    for await (const rows of rawFiles.rows(path, ['table_schema', 'table_name'])) {
      for (const { table_schema, table_name } of rows) {
        const [schema, name] = [String(table_schema), String(table_name)];
        if (isAmbiguous(schema, name)) names.claimRelation(schema, name);
      }
    }
  }

  async #cut({ path, rows }: RawPart): Promise<RawPart[]> {
    const { rawFiles, rowsPerFile, folders } = this.#options;
    const pathOf = (chunk: number) => join(folders.raw, this.#type, `chunk-${chunk}.parquet`);
    const count = Math.ceil(rows / rowsPerFile.raw);
    if (count === 1) {
      await rename(path, pathOf(1));
      return [{ path: pathOf(1), rows }];
    }
    const chunks: RawPart[] = [];
    for (let first = 0; first < rows; first += rowsPerFile.raw) {
      const chunk = { path: pathOf(chunks.length + 1), rows: Math.min(rowsPerFile.raw, rows - first) };
      await rawFiles.copyRows(path, chunk.path, first, chunk.rows);
      chunks.push(chunk);
    }
    await rm(path);
    return chunks;
  }

  async #buildEntities(raw: RawPart, chunk: number): Promise<void> {
    const { rawFiles, rowsPerFile, folders, names, onProgress } = this.#options;
    const { columns, build } = entityKinds[this.#type];
    const context: EntityContext = {
      names,
      common: commonAttributes({ ...this.#options, at: Date.now() }),
    };
    let part = 0;
    let file: JsonlFile | undefined;
    let path = '';
    const finish = async (open: JsonlFile) => {
      const { rows } = open;
      const facts = await open.finish();
      this.#files.push({ form: 'transformed', type: this.#type, chunk, part, path, rows, ...facts });
    };
    try {
      for await (const rows of rawFiles.rows(raw.path, columns)) {
        const entities = rows.map((row) => build(row, context));
        for (const { typeName } of entities) this.#entities[typeName] = (this.#entities[typeName] ?? 0) + 1;
        for (let next = 0; next < entities.length; ) {
          if (file === undefined) {
            part += 1;
            path = join(folders.transformed, this.#type, `chunk-${chunk}-part${part}.json`);
            file = await JsonlFile.create(path);
          }
          const end = Math.min(entities.length, next + rowsPerFile.transformed - file.rows);
          await file.write(entities.slice(next, end));
          next = end;
          if (file.rows < rowsPerFile.transformed) continue;
          await finish(file);
          file = undefined;
        }
        this.#rows += rows.length;
        onProgress?.({ type: this.#type, rows: this.#rows });
      }
      if (file !== undefined) await finish(file);
    } catch (error) {
      await file?.abandon();
      throw error;
    }
  }
}
