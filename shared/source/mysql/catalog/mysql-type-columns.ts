/** What columns of one type share: `type_key` of a row stands for all of them, so a reader reads them once for each key. */
export const mysqlTypeColumns = [
  'is_nullable',
  'data_type',
  'is_auto_increment',
  'numeric_precision',
  'character_octet_length',
  'is_generated',
  'column_size',
  'numeric_scale',
  'max_length',
  'extra_info',
  'character_set_name',
  'collation_name',
  'column_type',
  'column_key',
  'privileges',
  'generation_expression',
] as const;
