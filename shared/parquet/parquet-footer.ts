import { type FileHandle, open } from 'node:fs/promises';
import {
  decodeStruct,
  encodeStruct,
  fieldOf,
  type ThriftList,
  type ThriftStruct,
  ThriftType,
  type ThriftValue,
} from './thrift-compact.ts';

/*
 * Numbers of fields in the format's own definition:
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
export const FileField = { rows: 3, rowGroups: 4, encryption: 8, signingKey: 9 } as const;
export const GroupField = { columns: 1, rows: 3, fileOffset: 5, ordinal: 7 } as const;
export const ChunkField = {
  filePath: 1,
  fileOffset: 2,
  meta: 3,
  offsetIndex: 4,
  offsetIndexLength: 5,
  columnIndex: 6,
  columnIndexLength: 7,
  crypto: 8,
  encryptedMeta: 9,
} as const;
export const ColumnField = { dataPage: 9, indexPage: 10, dictionaryPage: 11, bloomFilter: 14 } as const;

const MAGIC = 'PAR1';
/** Of the magic at both ends of a file. */
export const MAGIC_BYTES = MAGIC.length;
/** The length of the footer, and the magic. */
const TAIL_BYTES = 4 + MAGIC_BYTES;

/** Why files cannot become one. People do not see it: what wanted to join them finds another way. */
export class CannotJoinError extends Error {
  override readonly name = 'CannotJoinError';
}

/** The footer of a file, and where it begins: what precedes it is the magic, and the pages of the row groups. */
export interface ParquetFooter {
  /** Its row groups are bytes, see {@link rowGroupsOf}: there is one for each 8 MB of rows. */
  struct: ThriftStruct;
  start: number;
}

/** The value of a field that must be there, and have this type. */
export function requiredValue<T extends ThriftValue>(struct: ThriftStruct, id: number, type: number): T {
  const field = fieldOf(struct, id);
  if (field?.type !== type) throw new CannotJoinError(`The footer lacks its field ${id}.`);
  return field.value as T;
}

/** The structs in a list of the format. */
export const structsOf = (struct: ThriftStruct, id: number): ThriftStruct[] =>
  listedIn(struct, id) as ThriftStruct[];

function listedIn(struct: ThriftStruct, id: number): ThriftValue[] {
  const { of, items } = requiredValue<ThriftList>(struct, id, ThriftType.list);
  if (items.length > 0 && of !== ThriftType.struct)
    throw new CannotJoinError(`Field ${id} is no list of structs.`);
  return items;
}

/**
 * The row groups of a footer, one after another, so that only one is taken apart at a time.
 *
 * @throws CannotJoinError when writing one again would change it
 */
export function* rowGroupsOf({ struct }: ParquetFooter): Generator<ThriftStruct> {
  for (const bytes of listedIn(struct, FileField.rowGroups) as Uint8Array[]) yield decode(bytes);
}

/** How many row groups a footer has. */
export const countRowGroups = ({ struct }: ParquetFooter): number =>
  listedIn(struct, FileField.rowGroups).length;

/**
 * Reads the footer of a Parquet file.
 *
 * @throws CannotJoinError when it is no Parquet file, encrypted, or when writing its footer again would change it
 */
export async function readFooter(file: FileHandle): Promise<ParquetFooter> {
  const { size } = await file.stat();
  const head = await readAt(file, 0, MAGIC_BYTES);
  const tail = await readAt(file, size - TAIL_BYTES, TAIL_BYTES);
  if (head.toString('latin1') !== MAGIC || tail.toString('latin1', 4) !== MAGIC)
    throw new CannotJoinError('It is no Parquet file, or an encrypted one.');
  const length = tail.readUInt32LE(0);
  const start = size - TAIL_BYTES - length;
  const bytes = await readAt(file, start, length);
  const struct = decode(bytes, FileField.rowGroups);
  if (fieldOf(struct, FileField.encryption) ?? fieldOf(struct, FileField.signingKey))
    throw new CannotJoinError('The file is encrypted or signed.');
  return { struct, start };
}

function decode(bytes: Uint8Array, whole?: number): ThriftStruct {
  const struct = decodeOrRefuse(bytes, whole);
  // What the codec does not give back as it was, it has not understood.
  if (!encodeStruct(struct, bytes.length).equals(bytes))
    throw new CannotJoinError('The footer would change when it is written again.');
  return struct;
}

function decodeOrRefuse(bytes: Uint8Array, whole?: number): ThriftStruct {
  try {
    return decodeStruct(bytes, whole);
  } catch (error) {
    throw new CannotJoinError('The footer cannot be read.', { cause: error });
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = position < 0 ? { bytesRead: -1 } : await file.read(bytes, 0, length, position);
  if (bytesRead !== length) throw new CannotJoinError('The file is too short.');
  return bytes;
}

/** {@link readFooter} of a file that is not open. */
export async function readFooterOf(path: string): Promise<ParquetFooter> {
  await using file = await open(path);
  return await readFooter(file);
}

/** The bytes of a footer, with the length and the magic that follow it. */
export function footerBytes(struct: ThriftStruct): Buffer {
  const footer = encodeStruct(struct);
  const tail = Buffer.alloc(TAIL_BYTES);
  tail.writeUInt32LE(footer.length, 0);
  tail.write(MAGIC, 4, 'latin1');
  return Buffer.concat([footer, tail]);
}
