/**
 * Thrift's compact protocol, in which a Parquet file's footer is written, without any knowledge of what the fields mean:
 * whatever a writer adds to the format passes through unchanged.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

/** The protocol's own numbers of types, without maps: Parquet has none. */
export const ThriftType = {
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  struct: 12,
} as const;

/** A field of a struct. The type of a truth value is the value. */
export interface ThriftField {
  id: number;
  type: number;
  value: ThriftValue;
}

/** The fields of a struct, in their order. */
export type ThriftStruct = ThriftField[];

/** A list or set. */
export interface ThriftList {
  /** The type of its elements. */
  of: number;
  items: ThriftValue[];
}

/**
 * Integers are a bigint; text, bytes and doubles are bytes; a truth value in a list is its byte. A struct that was not
 * taken apart is its bytes.
 */
export type ThriftValue = bigint | number | Uint8Array | ThriftStruct | ThriftList | undefined;

const VARINT_BITS = 7n;
const VARINT_MASK = 0x7fn;
const VARINT_MORE = 0x80;
const MAX_VARINT_BYTES = 10;
const DOUBLE_BYTES = 8;
const NIBBLE = 0x0f;
const HIGH_NIBBLE = 0xf0;
/** Lists that are longer have their length in bytes of its own. */
const SHORT_LIST = 15;

const fromZigzag = (n: bigint) => (n >> 1n) ^ -(n & 1n);
const toZigzag = (n: bigint) => BigInt.asUintN(64, (n << 1n) ^ (n >> 63n));

/** Reads one value after another. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** @param whole the field whose elements are not taken apart */
  struct(whole?: number): ThriftStruct {
    const fields: ThriftStruct = [];
    let id = 0;
    for (;;) {
      const head = this.#byte();
      const type = head & NIBBLE;
      if (type === 0) return fields;
      const step = head >> 4;
      id = step > 0 ? id + step : Number(fromZigzag(this.#varint()));
      const isWhole = id === whole && type === ThriftType.list;
      const read = () => (isWhole ? this.#list((of) => this.#bytesOf(of)) : this.#value(type));
      fields.push({ id, type, value: isTruth(type) ? undefined : read() });
    }
  }

  #value(type: number): ThriftValue {
    switch (type) {
      case ThriftType.true:
      case ThriftType.false:
      case ThriftType.byte:
        return this.#byte();
      case ThriftType.i16:
      case ThriftType.i32:
      case ThriftType.i64:
        return fromZigzag(this.#varint());
      case ThriftType.double:
        return this.#take(DOUBLE_BYTES);
      case ThriftType.binary:
        return this.#take(Number(this.#varint()));
      case ThriftType.list:
      case ThriftType.set:
        return this.#list((of) => this.#value(of));
      case ThriftType.struct:
        return this.struct();
      default:
        throw new Error(`Thrift's type ${type} is unknown.`);
    }
  }

  #bytesOf(type: number): Uint8Array {
    const start = this.#at;
    this.#value(type);
    return this.#bytes.subarray(start, this.#at);
  }

  #list(read: (of: number) => ThriftValue): ThriftList {
    const head = this.#byte();
    const of = head & NIBBLE;
    const short = head >> 4;
    const size = short === SHORT_LIST ? Number(this.#varint()) : short;
    // Each element has at least one byte.
    if (size > this.left) throw new Error('A list is longer than the footer.');
    return { of, items: Array.from({ length: size }, () => read(of)) };
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Error('The footer ends early.');
    this.#at += 1;
    return byte;
  }

  #varint(): bigint {
    let value = 0n;
    for (let n = 0; n < MAX_VARINT_BYTES; n += 1) {
      const byte = this.#byte();
      value |= (BigInt(byte) & VARINT_MASK) << (BigInt(n) * VARINT_BITS);
      if ((byte & VARINT_MORE) === 0) return value;
    }
    throw new Error('An integer has more than 64 bits.');
  }

  #take(length: number): Uint8Array {
    if (length > this.left) throw new Error('The footer ends early.');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

const isTruth = (type: number) => type === ThriftType.true || type === ThriftType.false;

/** Writes one value after another into memory that grows. */
class Writer {
  #out: Buffer;
  #length = 0;

  /** @param room bytes to begin with */
  constructor(room: number) {
    this.#out = Buffer.allocUnsafe(room);
  }

  get bytes(): Buffer {
    return this.#out.subarray(0, this.#length);
  }

  struct(fields: ThriftStruct): void {
    let last = 0;
    for (const { id, type, value } of fields) {
      const step = id - last;
      if (step > 0 && step <= NIBBLE) this.#byte((step << 4) | type);
      else {
        this.#byte(type);
        this.#varint(toZigzag(BigInt(id)));
      }
      last = id;
      if (!isTruth(type)) this.#value(type, value);
    }
    this.#byte(0);
  }

  #value(type: number, value: ThriftValue): void {
    if (typeof value === 'number') this.#byte(value);
    else if (typeof value === 'bigint') this.#varint(toZigzag(value));
    else if (value instanceof Uint8Array) {
      if (type === ThriftType.binary) this.#varint(BigInt(value.length));
      this.#raw(value);
    } else if (Array.isArray(value)) this.struct(value);
    else if (value !== undefined) this.#list(value);
  }

  #list({ of, items }: ThriftList): void {
    if (items.length < SHORT_LIST) this.#byte((items.length << 4) | of);
    else {
      this.#byte(HIGH_NIBBLE | of);
      this.#varint(BigInt(items.length));
    }
    for (const item of items) this.#value(of, item);
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#out.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#out.length, needed));
    this.#out.copy(larger, 0, 0, this.#length);
    this.#out = larger;
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#out[this.#length] = byte;
    this.#length += 1;
  }

  #varint(value: bigint): void {
    let rest = value;
    while (rest > VARINT_MASK) {
      this.#byte(Number(rest & VARINT_MASK) | VARINT_MORE);
      rest >>= VARINT_BITS;
    }
    this.#byte(Number(rest));
  }

  #raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#out.set(bytes, this.#length);
    this.#length += bytes.length;
  }
}

/**
 * Takes a struct apart.
 *
 * @param whole the number of a field, a list: its elements stay as they are, which needs a tenth of the memory
 * @throws Error when the bytes are no struct, or something follows it
 */
export function decodeStruct(bytes: Uint8Array, whole?: number): ThriftStruct {
  const reader = new Reader(bytes);
  const struct = reader.struct(whole);
  if (reader.left > 0) throw new Error('The footer goes on after its end.');
  return struct;
}

/**
 * Puts a struct together again, in the shortest form.
 *
 * @param room about how many bytes it has: the memory of a thousand small ones would wait for the garbage collection
 */
export function encodeStruct(struct: ThriftStruct, room = 1 << 14): Buffer {
  const writer = new Writer(room);
  writer.struct(struct);
  return writer.bytes;
}

/** The field with this number, if the struct has it. */
export const fieldOf = (struct: ThriftStruct, id: number): ThriftField | undefined =>
  struct.find((field) => field.id === id);
