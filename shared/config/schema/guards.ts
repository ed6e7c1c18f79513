import * as z from 'zod';

const rows = z.int().nonnegative();

/** Conditions on a result, from `guards:` of a sync. */
export const guards = z
  .strictObject({
    allowEmpty: z
      .boolean()
      .default(false)
      .describe('Whether a result without rows may replace the dataset. Default: false.'),
    minRows: rows.optional().describe('Refuses a result with fewer rows.'),
    maxRows: rows.optional().describe('Refuses a result with more rows.'),
    maxRowChange: z
      .string()
      .regex(/^\d{1,4}(\.\d{1,2})?%$/, 'a share of the last result’s rows, such as 50%')
      .optional()
      .describe(
        'How far the number of rows may differ from that of the last accepted result, up or down: 50%.',
      ),
    columns: z
      .array(z.string().min(1))
      .optional()
      .describe('Columns that must be present; others may be too.'),
    onSchemaChange: z
      .enum(['fail', 'warn', 'ignore'])
      .default('warn')
      .describe(
        'What to do when columns or their types differ from those of the last accepted result. Default: warn.',
      ),
  })
  .describe('Conditions that a result must meet before it replaces the dataset.');
export type GuardsConfig = z.infer<typeof guards>;
