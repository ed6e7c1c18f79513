import { z } from '@hono/zod-openapi';
import { previewedColumnSchema } from '../../runs/records/job-check.ts';

/** What the set-up form asks, and what it is answered. */

const moment = z.iso.datetime();
const names = z.array(z.string());

/** What a new job can be put together from here. */
export const setupSchema = z
  .strictObject({
    sources: z
      .array(
        z.strictObject({
          name: z.string(),
          type: z.enum(['postgres', 'mysql', 'odbc']).optional(),
          connection: z
            .strictObject({ name: z.string(), qualifiedName: z.string() })
            .optional()
            .describe('How Atlan knows it; absent where only its secret knows the address.'),
        }),
      )
      .describe('The configured sources; in AWS, those that a job reads.'),
    targets: names.describe('The Polyteia targets; in AWS, those that a sync writes to.'),
    jobs: names.describe('Names that are taken.'),
    tenant: z
      .string()
      .optional()
      .describe("Atlan's, for ids of new connections; absent where no source can be set up."),
    ca: z
      .string()
      .optional()
      .describe(
        'As `tls.ca` of a source: who vouches for the servers that credentials are sent to (--credentials-ca).',
      ),
    acceptsCredentials: z
      .boolean()
      .describe('Whether a source may be tried with credentials that a request carries (--allow-hosts).'),
    describesQueries: z.boolean().describe('Whether `POST /setup/columns` answers here.'),
    startsNew: z
      .boolean()
      .describe(
        'Whether `POST /workflows/v1/start` starts extractions that the configuration does not have.',
      ),
  })
  .openapi('Setup');
export type Setup = z.infer<typeof setupSchema>;

export const scheduleQuery = z.strictObject({
  cron: z.string().min(1).max(500).describe('As `cron` of a schedule in ferry.yaml.'),
  timezone: z.string().max(100).default('UTC').describe('IANA time zone of the cron expression.'),
});

const skipped = z.strictObject({
  from: z.string().describe('The clock right before the change: 2027-03-28T02:00.'),
  to: z.string().describe('The clock right after it.'),
  times: names.describe('The planned times that do not exist on that day.'),
});

/** When a schedule that no job has yet would run. */
export const plannedSchema = z
  .strictObject({
    expression: z.string().describe('As EventBridge writes it, or as it was written where it cannot.'),
    timezone: z.string(),
    nextRuns: z
      .array(moment)
      .describe('The next five; none for one that counts in minutes from its deployment.'),
    skippedRuns: z.array(skipped).describe('Planned runs of the next year that a clock change skips.'),
  })
  .openapi('PlannedRuns');
export type Planned = z.infer<typeof plannedSchema>;

const group = z.record(z.string(), z.looseObject({})).optional();

/** Sources, targets and jobs as in ferry.yaml, to be added to it. */
export const configPartSchema = z
  .strictObject({
    sources: group,
    polyteia: group,
    syncs: group,
    extractions: group,
  })
  .openapi('ConfigPart');
export type ConfigPart = z.infer<typeof configPartSchema>;

export const writtenConfigSchema = z
  .strictObject({
    yaml: z.string().describe('The lines for ferry.yaml.'),
    problems: z
      .array(
        z.strictObject({
          path: z.string().describe('Dotted, from the top of the file.'),
          message: z.string(),
        }),
      )
      .describe('What `ferry validate` would say about them; empty when they are right.'),
    secrets: z
      .array(
        z.strictObject({
          name: z.string(),
          command: z.string().describe('Puts it into AWS Secrets Manager; the value is pasted.'),
        }),
      )
      .describe('The secrets that the lines name.'),
    secretsFile: z.string().describe('What to add to secrets.json (--secrets) instead; without values.'),
  })
  .openapi('WrittenConfig');
export type WrittenConfig = z.infer<typeof writtenConfigSchema>;

/** A query that no job has yet. */
export const columnsQuestionSchema = z
  .strictObject({
    source: z.string().optional().describe('Name of a configured source. Either this or credentials.'),
    credentials: z
      .looseObject({})
      .optional()
      .describe('Instead of a name: as in `POST /workflows/v1/auth`; only with --allow-hosts.'),
    query: z.string().min(1).max(200_000).describe("SELECT in the source's own SQL."),
    types: z.enum(['exact', 'compatible']).default('exact').describe('As in ferry.yaml.'),
  })
  .openapi('ColumnsQuestion');
export type ColumnsQuestion = z.infer<typeof columnsQuestionSchema>;

export const describedQuerySchema = z
  .strictObject({
    columns: z.array(previewedColumnSchema),
    warnings: names.describe('What would be lost; `types: compatible` only.'),
  })
  .openapi('DescribedQuery');
export type DescribedQuery = z.infer<typeof describedQuerySchema>;
