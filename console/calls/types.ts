// What the API answers. Only types: no code of the server gets into the browser.
import type { z } from 'zod';
import type {
  JobDetail,
  jobListSchema,
  LogLine,
  Problem,
  Run,
  runListSchema,
  shownCheckSchema,
} from '../../shared/api/schemas.ts';
import type {
  ConfigPart,
  DescribedQuery,
  Planned,
  Setup,
  WrittenConfig,
} from '../../shared/api/setup/setup-schemas.ts';

export type { ConfigPart, DescribedQuery, JobDetail, LogLine, Planned, Problem, Run, Setup, WrittenConfig };
export type JobList = z.infer<typeof jobListSchema>;
export type Job = JobList['jobs'][number];
export type RunSummary = NonNullable<Job['lastRun']>;
export type RunList = z.infer<typeof runListSchema>;
export type JobCheck = z.infer<typeof shownCheckSchema>;
export type Column = { name: string; type: string };
export type Action = NonNullable<Run['actions']>[number];

/** What of a manifest (docs/extraction.md) the console shows. */
export interface Manifest {
  databases: {
    source: string;
    database?: string;
    state: 'extracted' | 'failed';
    serverVersion?: string;
    entities: Record<string, number>;
    error?: { class: string; message: string };
  }[];
  files: {
    key: string;
    form: string;
    type: string;
    /** Absent, as is `database`, where one file has the rows of all databases. */
    source?: string;
    database?: string;
    rows: number;
    bytes: number;
  }[];
}
