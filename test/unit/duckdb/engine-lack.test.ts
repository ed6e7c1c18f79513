import { expect, it } from 'vitest';
import { exhaustedResource } from '../../../shared/duckdb/exhausted-resource.ts';

it.each([
  ['IO Error: Could not write file "/tmp/x.parquet": No space left on device', 'disk'],
  ['IO Error: Could not write file "/tmp/x.parquet": Disk quota exceeded', 'disk'],
  [
    "Out of Memory Error: failed to offload data block of size 256.0 KiB.\nThis limit was set by the 'max_temp_directory_size' setting.",
    'disk',
  ],
  ['Out of Memory Error: failed to allocate data of size 45.6 MiB (110.5 MiB/122.0 MiB used)', 'memory'],
  [
    'IO Error: Failed to fetch header for COPY: ERROR:  could not write to file "base/pgsql_tmp/x": No space left on device',
    undefined,
  ],
  ['Binder Error: column "nosuch" not found: SELECT nosuch AS max_temp_directory_size', undefined],
  ['IO Error: Failed to read: FEHLER:  Out of Memory Error', undefined],
])('%s', (message, lack) => {
  expect(exhaustedResource(new Error(message))).toBe(lack);
});
