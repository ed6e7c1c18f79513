import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeStruct,
  encodeStruct,
  type ThriftStruct,
  ThriftType,
  type ThriftValue,
} from '../../../shared/parquet/thrift-compact.ts';

const { binary, byte, double, i16, i32, i64, list, set, struct } = ThriftType;

const { value } = fc.letrec<{ value: { type: number; value: ThriftValue }; struct: ThriftStruct }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({
      type: fc.constantFrom(i16, i32, i64),
      value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    }),
    fc.record({ type: fc.constant(byte), value: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ type: fc.constant(double), value: fc.uint8Array({ minLength: 8, maxLength: 8 }) }),
    fc.record({ type: fc.constant(binary), value: fc.uint8Array({ maxLength: 300 }) }),
    fc.record({
      type: fc.constantFrom(list, set),
      value: fc
        .array(fc.bigInt({ min: -70_000n, max: 70_000n }), { maxLength: 40 })
        .map((items) => ({ of: i32, items })),
    }),
    fc.record({
      type: fc.constant(list),
      value: fc
        .array(fc.constantFrom(1, 2), { maxLength: 20 })
        .map((items) => ({ of: ThriftType.true, items })),
    }),
    fc.record({
      type: fc.constant(list),
      value: fc.array(tie('struct'), { maxLength: 3 }).map((items) => ({ of: struct, items })),
    }),
    fc.record({ type: fc.constant(struct), value: tie('struct') }),
    fc.record({ type: fc.constantFrom(ThriftType.true, ThriftType.false), value: fc.constant(undefined) }),
  ),
  struct: fc
    .array(fc.tuple(fc.integer({ min: -40, max: 40_000 }), tie('value')), { maxLength: 6 })
    .map((fields) => fields.map(([id, field]) => ({ id: id === 0 ? 1 : id, ...field }))),
}));

/** Typed arrays of the same bytes, whatever they are part of. */
const plain = (part: unknown): unknown =>
  part instanceof Uint8Array
    ? [...part]
    : Array.isArray(part)
      ? part.map(plain)
      : part !== null && typeof part === 'object'
        ? Object.fromEntries(Object.entries(part).map(([key, each]) => [key, plain(each)]))
        : part;

describe('the compact protocol', () => {
  it('gives back whatever a struct contains', () => {
    fc.assert(
      fc.property(value, (any) => {
        const whole: ThriftStruct = [{ id: 3, ...any }];
        const bytes = encodeStruct(whole);
        const again = decodeStruct(bytes);
        expect(plain(again)).toEqual(plain(whole));
        expect(encodeStruct(again).equals(bytes)).toBe(true);
      }),
    );
  });

  it.each([
    ['ends early', [0x15]],
    ['ends within a text', [0x18, 0x05, 0x61, 0x00]],
    ['goes on', [0x00, 0x00]],
    ['contains a map', [0x1b, 0x00, 0x00]],
    ['has a list longer than itself', [0x19, 0xf5, 0xff, 0xff, 0xff, 0x7f, 0x00]],
    ['has an endless integer', [0x16, ...Array.from({ length: 11 }, () => 0x80), 0x00, 0x00]],
  ])('refuses a struct that %s', (_how, bytes) => {
    expect(() => decodeStruct(Uint8Array.from(bytes))).toThrow(/footer|integer|type/);
  });
});
