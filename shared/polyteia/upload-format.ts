/** How a result is uploaded: `format` of a target. */
export type UploadFormat = 'parquet' | 'csv';

/** The content type of each, as Polyteia's contract has them. */
export const contentTypes = { parquet: 'application/vnd.apache.parquet', csv: 'text/csv' } as const;

export type UploadContentType = (typeof contentTypes)[UploadFormat];

/** What to do when a file is refused whose format may be the reason. */
export function formatHint(api: 'classic' | 'session', format: UploadFormat): string {
  if (format === 'csv') {
    return 'If no upload succeeds: this target has polyteia.<target>.format: csv; without it, the file is Parquet.';
  }
  const known = api === 'session' ? ' it is not documented whether the session API reads Parquet, so' : '';
  return `If no upload succeeds:${known} try polyteia.<target>.format: csv.`;
}

/** Whether a status may mean that a file is of the wrong kind. */
export function mayBeOfFormat(status: number): boolean {
  return status === 400 || status === 415 || status === 422;
}
