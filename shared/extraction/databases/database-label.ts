/**
 * The name of a database in messages, where two sources may have databases with the same name.
 *
 * @example labelOf('erp', 'hr') // 'erp/hr'
 */
export const labelOf = (source: string, database: string | undefined): string =>
  database === undefined ? source : `${source}/${database}`;
