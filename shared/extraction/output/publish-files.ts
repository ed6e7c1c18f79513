import { rm } from 'node:fs/promises';
import { mapInBatches } from '../../batches.ts';
import type { EntityFolder } from '../../source/catalog/entity-folders.ts';
import type { ExtractedDatabase } from '../extract-database.ts';
import type { ExtractedFile } from '../extract-options.ts';
import { JoinedFiles } from '../files/joined-files.ts';
import type { Layout } from './layout.ts';
import { type ManifestFile, type Statistics, toStatisticsDocument } from './manifest.ts';
import type { OutputStore } from './output-store.ts';

/** Each holds one part of its file in memory. */
const FILES_AT_ONCE = 4;

/** Rows of one database in one form. */
export type PublishedRows = Pick<ExtractedFile, 'form' | 'type' | 'rows'> & {
  source: string;
  database: string;
};

/** Publishes the files of a run's databases. */
export interface Publisher {
  /** Everything that is at its place so far. */
  readonly files: readonly ManifestFile[];
  /** The same, by database. */
  readonly rows: readonly PublishedRows[];
  /**
   * Takes over the files of a database, and removes the local ones.
   *
   * @throws ConfigError, StorageUnavailableError
   */
  publish(source: string, extracted: Pick<ExtractedDatabase, 'database' | 'files'>): Promise<void>;
  /**
   * Publishes what follows the last database.
   *
   * @throws ConfigError, StorageUnavailableError
   */
  finish(): Promise<void>;
}

interface PublisherOptions {
  output: OutputStore;
  layout: Layout;
  /** A private folder for files that are being joined. */
  folder: string;
  /** Whether statistics list the parts of each chunk. */
  partitions: boolean;
  retry: <T>(work: () => Promise<T>) => Promise<T>;
  /** Stops all uploads. */
  signal?: AbortSignal;
}

/** Publishes files as the layout has them: each on its own, or joined into one for each form and type. */
export const createPublisher = (options: PublisherOptions): Publisher =>
  options.layout.isWhole ? createJoiningPublisher(options) : createNumberingPublisher(options);

/** Numbers the files from database to database, and writes how many rows and files there are of each type. */
function createNumberingPublisher(options: PublisherOptions): Publisher {
  const { output, layout, partitions, retry, signal } = options;
  const files: ManifestFile[] = [];
  const published: PublishedRows[] = [];
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
    rows: published,
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
        published.push({ form, type, rows, source, database });
        note(file, chunk);
      }
      for (const { file, chunk } of keyed) chunks.set(file.type, Math.max(chunks.get(file.type) ?? 0, chunk));
    },
    async finish() {
      for (const { form, type, parts } of written.values()) {
        const key = layout.statisticsOf(form, type);
        if (key === undefined) continue;
        const rows = [...parts.values()].flat().reduce((sum, count) => sum + count, 0);
        const statistics: Statistics = {
          total_record_count: rows,
          chunk_count: parts.size,
          ...(partitions ? { partitions: [...parts.values()].map(({ length }) => length) } : {}),
        };
        await retry(() => output.put(key, toStatisticsDocument(statistics)));
      }
    },
  };
}

/**
 * Joins the files of all databases into one for each form and type, on the run's own disk, and uploads them at the end:
 * an object of a bucket cannot grow.
 */
function createJoiningPublisher({ output, layout, folder, retry, signal }: PublisherOptions): Publisher {
  const files: ManifestFile[] = [];
  const published: PublishedRows[] = [];
  const joined = new JoinedFiles(folder);
  return {
    files,
    rows: published,
    async publish(source, { database, files: extracted }) {
      for (const file of extracted) {
        signal?.throwIfAborted();
        const { form, type, rows } = file;
        await joined.add(file);
        published.push({ form, type, rows, source, database });
      }
    },
    async finish() {
      const upload = async ({ path, form, type, ...facts }: (typeof all)[number]) => {
        const key = layout.keyOf({ form, type, part: 1 }, 1);
        await retry(() => output.putFile(key, path, signal));
        await rm(path, { force: true });
        files.push({ key, form, type, ...facts });
      };
      const all = joined.finish();
      await mapInBatches(all, upload, FILES_AT_ONCE);
      // The manifest is the same whichever upload was the first to end.
      files.sort((one, other) => (one.key < other.key ? -1 : 1));
    },
  };
}
