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

/** Whether a status may mean that a file has the wrong format. */
export function mayBeOfFormat(status: number): boolean {
  return status === 400 || status === 415 || status === 422;
}
