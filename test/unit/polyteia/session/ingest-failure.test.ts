import { describe, expect, it } from 'vitest';
import { describeIngestFailure } from '../../../../shared/polyteia/session/ingest-failure.ts';

describe('describeIngestFailure', () => {
  it.each([
    ['could not convert "Geheimnis-4711" to INT64 at row 17', 'a value that does not fit its type, row 17'],
    ['Invalid UTF-8 in line 3, on column 5', 'the encoding of text, line 3, column 5'],
    ['unexpected column `geheim at row 4711`', 'the columns'],
    ['not a Parquet file', 'the format of the file'],
    ['file too large', 'a limit'],
    ['Geheimnis 4711 row 12 geheim', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('of %j reports %j', (message, expected) => {
    expect(describeIngestFailure(message)).toBe(expected);
  });
});
