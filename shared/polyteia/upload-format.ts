/** How a result is uploaded: `format` of a target. */
export type UploadFormat = 'parquet' | 'csv';

/** The content types of Polyteia's contract. */
export const contentTypes = { parquet: 'application/vnd.apache.parquet', csv: 'text/csv' } as const;

export type UploadContentType = (typeof contentTypes)[UploadFormat];

/** What to do when a refused file may have the wrong format. */
export function formatHint(api: 'classic' | 'session', format: UploadFormat): string {
  if (format === 'csv') {
    return 'If no upload succeeds: this target has polyteia.<target>.format: csv; without it, the file is Parquet.';
  }
  const known = api === 'session' ? ' it is not documented whether the session API reads Parquet, so' : '';
  return `If no upload succeeds:${known} try polyteia.<target>.format: csv.`;
}

/** What to do when a file was refused with a status. */
export function refusedFileHint(
  api: 'classic' | 'session',
  format: UploadFormat,
  status: number,
): string | undefined {
  if (status === TOO_LARGE) return tooLargeHint;
  return status === 400 || status === 415 || status === 422 ? formatHint(api, format) : undefined;
}

export const TOO_LARGE = 413;

export const tooLargeHint =
  'Polyteia, or something in front of it, takes no file of this size: select fewer rows or columns, or have the limit raised.';
