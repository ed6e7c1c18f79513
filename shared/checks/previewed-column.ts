import type { PreviewedColumn } from '../runs/records/job-check.ts';
import type { ColumnPlan } from '../source/column-plan.ts';

/** How a column would be written, as people see it. */
export const previewed = ({ name, sourceType, type, reason, refusal }: ColumnPlan): PreviewedColumn => ({
  name,
  sourceType,
  type,
  ...(reason === undefined ? {} : { reason }),
  ...(refusal === undefined || refusal.isUnexpected ? {} : { refused: refusal.values }),
});
