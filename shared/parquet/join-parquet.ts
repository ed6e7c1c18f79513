import { type FileHandle, open, rm } from 'node:fs/promises';
import {
  CannotJoinError,
  ChunkField,
  ColumnField,
  countRowGroups,
  FileField,
  footerBytes,
  GroupField,
  MAGIC_BYTES,
  type ParquetFooter,
  readFooterOf,
  requiredValue,
  rowGroupsOf,
  structsOf,
} from './parquet-footer.ts';
import { encodeStruct, fieldOf, type ThriftStruct, ThriftType } from './thrift-compact.ts';

const COPY_BYTES = 1 << 20;
/** Room for what a footer says of a row group of some columns. */
const GROUP_BYTES = 1 << 12;
const MAX_ORDINAL = 32_767;

/**
 * Joins Parquet files of one schema into the first of them: the row groups of the others are copied behind its own, as
 * bytes, and one new footer is written. Each of the others is removed once it has been copied, so that the disk holds no
 * more than all of them and the largest one.
 *
 * Page indexes are left out: an index of offsets contains positions in its file, and both indexes are optional.
 *
 * @throws CannotJoinError, before any file is changed, when they do not fit together, or contain what this does not know
 */
export async function joinParquet(
  files: readonly string[],
  signal?: AbortSignal,
): Promise<{ rows: number; bytes: number }> {
  const [first, ...others] = files;
  if (first === undefined) throw new CannotJoinError('There is nothing to join.');
  const footers: ParquetFooter[] = [];
  for (const file of files) footers.push(await readFooterOf(file));
  const { footer, rows } = joinFooters(footers);
  const start = footers[0]?.start ?? 0;
  const target = await open(first, 'r+');
  try {
    // Until the new footer is there, the file has none, so nothing can take it for a complete one.
    await target.truncate(start);
    let end = start;
    for (const [index, file] of others.entries()) {
      end = await append(target, end, file, footers[index + 1]?.start ?? 0, signal);
      await rm(file);
    }
    const bytes = footerBytes(footer);
    await target.write(bytes, 0, bytes.length, end);
    return { rows: Number(rows), bytes: end + bytes.length };
  } finally {
    await target.close();
  }
}

/** Copies what lies between the magic and the footer of a file, and returns where it ends in the target. */
async function append(
  target: FileHandle,
  end: number,
  path: string,
  footerStart: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  await using source = await open(path);
  const buffer = Buffer.allocUnsafe(COPY_BYTES);
  let written = end;
  for (let at = MAGIC_BYTES; at < footerStart; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await source.read(buffer, 0, Math.min(COPY_BYTES, footerStart - at), at);
    if (bytesRead === 0) throw new Error(`${path} has become shorter.`);
    await writeAll(target, buffer.subarray(0, bytesRead), written);
    at += bytesRead;
    written += bytesRead;
  }
  return written;
}

/** The system may write less than it was given, such as when the disk becomes full. */
async function writeAll(target: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await target.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** One footer for all row groups, with their positions in the joined file. */
function joinFooters(footers: readonly ParquetFooter[]): { footer: ThriftStruct; rows: bigint } {
  const [first] = footers;
  if (!first) throw new CannotJoinError('There is nothing to join.');
  const common = commonOf(first.struct);
  // Each is bytes again as soon as it has been adapted: their values need ten times as much memory.
  const groups: Uint8Array[] = [];
  const numbered = footers.reduce((sum, each) => sum + countRowGroups(each), 0) <= MAX_ORDINAL;
  let rows = 0n;
  let end = first.start;
  for (const [index, each] of footers.entries()) {
    const { struct, start } = each;
    if (!commonOf(struct).equals(common))
      throw new CannotJoinError('The files differ in their schema or writer.');
    const shift = index === 0 ? 0n : BigInt(end - MAGIC_BYTES);
    for (const group of rowGroupsOf(each)) {
      const inGroup = requiredValue<bigint>(group, GroupField.rows, ThriftType.i64);
      if (inGroup === 0n) continue;
      moveGroup(group, shift, start);
      numberGroup(group, numbered ? groups.length : undefined);
      groups.push(Buffer.from(encodeStruct(group, GROUP_BYTES)));
    }
    rows += requiredValue<bigint>(struct, FileField.rows, ThriftType.i64);
    if (index > 0) end += start - MAGIC_BYTES;
  }
  const footer = first.struct.map((field) => {
    if (field.id === FileField.rows) return { ...field, value: rows };
    if (field.id === FileField.rowGroups)
      return { ...field, value: { of: ThriftType.struct, items: groups } };
    return field;
  });
  return { footer, rows };
}

/** What must be the same in all files: version, schema, metadata, writer, order of values. */
const commonOf = (footer: ThriftStruct): Buffer =>
  encodeStruct(footer.filter(({ id }) => id !== FileField.rows && id !== FileField.rowGroups));

/** Adapts the positions in a row group to a file in which it begins later. */
function moveGroup(group: ThriftStruct, shift: bigint, end: number): void {
  const move = (struct: ThriftStruct, id: number) => {
    const field = fieldOf(struct, id);
    // Zero is what some writers say where they have nothing to say.
    if (field === undefined || field.value === 0n) return;
    const position = requiredValue<bigint>(struct, id, ThriftType.i64);
    if (position < MAGIC_BYTES || position >= end)
      throw new CannotJoinError('A position in the footer is outside of its file.');
    field.value = position + shift;
  };
  for (const chunk of structsOf(group, GroupField.columns)) {
    for (const id of [ChunkField.filePath, ChunkField.crypto, ChunkField.encryptedMeta]) {
      if (fieldOf(chunk, id)) throw new CannotJoinError('A column is encrypted, or in another file.');
    }
    drop(chunk, [
      ChunkField.offsetIndex,
      ChunkField.offsetIndexLength,
      ChunkField.columnIndex,
      ChunkField.columnIndexLength,
    ]);
    move(chunk, ChunkField.fileOffset);
    const meta = requiredValue<ThriftStruct>(chunk, ChunkField.meta, ThriftType.struct);
    for (const id of Object.values(ColumnField)) move(meta, id);
  }
  move(group, GroupField.fileOffset);
}

/** Where row groups have a number, it is their position in the file; it has 16 bits, and need not be there. */
function numberGroup(group: ThriftStruct, position: number | undefined): void {
  const ordinal = fieldOf(group, GroupField.ordinal);
  if (!ordinal) return;
  if (position === undefined) drop(group, [GroupField.ordinal]);
  else ordinal.value = BigInt(position);
}

function drop(struct: ThriftStruct, ids: readonly number[]): void {
  for (let index = struct.length - 1; index >= 0; index -= 1) {
    if (ids.includes(struct[index]?.id ?? 0)) struct.splice(index, 1);
  }
}
