import { rm } from 'node:fs/promises';
import { mapInBatches } from '../../batches.ts';
import type { EntityFolder } from '../../source/catalog/entity-folders.ts';
import type { ExtractedDatabase } from '../extract-database.ts';
import type { Layout } from './layout.ts';
import { type ManifestFile, type Statistics, toStatisticsDocument } from './manifest.ts';
import type { OutputStore } from './output-store.ts';

type ExtractedFile = ExtractedDatabase['files'][number];

/** Each holds one part of its file in memory. */
const FILES_AT_ONCE = 4;

/** Publishes the files of a run's databases, numbered from database to database. */
export interface Publisher {
  /** Everything that was published so far. */
  readonly files: readonly ManifestFile[];
  /**
   * Publishes the files of a database, and removes the local ones.
   *
   * @throws ConfigError, StorageUnavailableError
   */
  publish(source: string, extracted: ExtractedDatabase): Promise<void>;
  /** Writes how many rows and files there are of each type. */
  writeStatistics(): Promise<void>;
}

export function createPublisher(options: {
  output: OutputStore;
  layout: Layout;
  /** Whether statistics list the parts of each chunk. */
  partitions: boolean;
  retry: <T>(work: () => Promise<T>) => Promise<T>;
  /** Stops all uploads. */
  signal?: AbortSignal;
}): Publisher {
  const { output, layout, partitions, retry, signal } = options;
  const files: ManifestFile[] = [];
  const chunks = new Map<EntityFolder, number>();
  /** Rows of the files of a folder, by the number of their chunk. */
  const written = new Map<
    string,
    { form: ExtractedFile['form']; type: EntityFolder; parts: Map<number, number[]> }
  >();

  const note = ({ form, type, rows }: ExtractedFile, chunk: number) => {
    const folder = written.get(`${form}/${type}`) ?? { form, type, parts: new Map() };
    written.set(`${form}/${type}`, folder);
    folder.parts.set(chunk, [...(folder.parts.get(chunk) ?? []), rows]);
  };

  return {
    files,
    async publish(source, { database, files: extracted }) {
      const keyed = extracted.map((file) => {
        const chunk = (chunks.get(file.type) ?? 0) + file.chunk;
        return { file, chunk, key: layout.keyOf(file, chunk) };
      });
      // No upload may continue after a failure, because everything written so far is then removed.
      const store = async ({ file, key }: (typeof keyed)[number]) => {
        await retry(() => output.putFile(key, file.path, signal));
        await rm(file.path, { force: true });
      };
      await mapInBatches(keyed, store, FILES_AT_ONCE);
      for (const { file, chunk, key } of keyed) {
        const { form, type, rows, bytes, sha256 } = file;
        files.push({ key, form, type, source, database, rows, bytes, sha256 });
        note(file, chunk);
      }
      for (const { file, chunk } of keyed) chunks.set(file.type, Math.max(chunks.get(file.type) ?? 0, chunk));
    },
    async writeStatistics() {
      for (const { form, type, parts } of written.values()) {
        const rows = [...parts.values()].flat().reduce((sum, count) => sum + count, 0);
        const statistics: Statistics = {
          total_record_count: rows,
          chunk_count: parts.size,
          ...(partitions ? { partitions: [...parts.values()].map(({ length }) => length) } : {}),
        };
        await retry(() => output.put(layout.statisticsOf(form, type), toStatisticsDocument(statistics)));
      }
    },
  };
}
