import type { AtlanConnection } from '../config/atlan-connection.ts';
import type { EntityFolder } from '../source/catalog/entity-folders.ts';
import type { CatalogFilters } from '../source/catalog/filters.ts';
import type { SourceSession } from '../source/sessions/session.ts';
import type { EntityFile } from './files/entity-writer.ts';
import type { RawFormat } from './files/raw-writer.ts';
import type { SharedRawWriter } from './files/shared-raw-writer.ts';

/** In which files rows and entities are written. */
export interface FileFormat {
  /** How many rows a file has at most. */
  rowsPerFile: { raw: number; transformed: number };
  /** `json`: a document a line. @default parquet */
  rawFormat?: RawFormat;
  /** Whether an entity's relations are in `relationshipAttributes`, beside its attributes. @default false */
  relationsBeside?: boolean;
}

/** What reading one database requires. */
export interface ExtractDatabaseOptions extends FileFormat {
  /** Connected to the database. The files are written below its output folder. */
  session: SourceSession;
  connection: AtlanConnection;
  /** Name of the database, if its own cannot be distinguished from another one's. @default the server's name for it */
  knownAs?: string | undefined;
  /** The name that the filters match, in letters that the database accepts. @default its name */
  filteredAs?: string | undefined;
  /** How the database appears in qualifiedNames. @default its name */
  writtenAs?: string | undefined;
  tenantId: string;
  workflowId: string;
  runId: string;
  filters: CatalogFilters;
  /** Whether each partition becomes an entity, where partitions are no relations of their own. @default false */
  tablePartitions?: boolean;
  /** Whether entities have what Atlan's apps leave empty. @default false */
  details?: boolean;
  /** Writes the raw rows. @default a separate writer */
  rawWriter?: SharedRawWriter;
  /** @param progress.rows entities of this folder so far */
  onProgress?: (progress: { type: EntityFolder; rows: number }) => void;
  /** Called when something takes longer than usual, with the reason. */
  tell?: (fact: string) => void;
  /** How long Ferry keeps trying what is locked. @default 5 s for a definition, 4 s for a table */
  lockPatienceMs?: number;
  signal?: AbortSignal;
}

/** A finished file of an extraction. */
export interface ExtractedFile extends EntityFile {
  form: 'raw' | 'transformed';
  type: EntityFolder;
}
