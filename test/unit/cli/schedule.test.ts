import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../../cli/program/program.ts';
import { createTestCliContext } from '../../support/cli/cli-context.ts';

const config = `version: 1
sources: { erp: { type: postgres, auth: { type: password, secret: ferry/erp } } }
polyteia: { default: { token: ferry/polyteia } }
syncs:
  nightly: { source: erp, query: SELECT 1, dataset: ds_a, schedule: { cron: "30 2 * * *", timezone: Europe/Berlin } }
  tokyo: { source: erp, query: SELECT 1, dataset: ds_b, schedule: { cron: "CRON_TZ=Asia/Tokyo 0 9 ? * 6L *", timezone: Europe/Berlin } }
  hourly: { source: erp, query: SELECT 1, dataset: ds_c, schedule: { cron: "@every 1h" } }
  quarterly: { source: erp, query: SELECT 1, dataset: ds_d, schedule: { cron: "*/15 * * * *", timezone: Europe/Berlin } }
  paused: { source: erp, query: SELECT 1, dataset: ds_e, schedule: { cron: "30 2 * * *", timezone: Europe/Berlin, enabled: false } }
  past: { source: erp, query: SELECT 1, dataset: ds_f, schedule: { cron: "0 0 1 1 ? 2020" } }
  manual: { source: erp, query: SELECT 1, dataset: ds_g }
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-schedule-'));
  await writeFile(join(folder, 'ferry.yaml'), config);
});
afterAll(() => rm(folder, { recursive: true }));

async function ferry(...args: string[]) {
  const context = createTestCliContext(folder);
  await (await createProgram(context)).parseAsync(['node', 'ferry', ...args]);
  return context.output;
}

const spring = ['--from', '2027-03-27T12:00Z', '--count', '2'];

describe('ferry schedule', () => {
  it('lists the next runs of each sync in its own zone and in UTC, in columns', async () => {
    const { stdout, stderr } = await ferry('schedule', ...spring);
    expect(stdout).toBe(`JOB        NEXT RUN              OFFSET  ZONE           UTC
nightly    Mon 2027-03-29 02:30  +02:00  Europe/Berlin  2027-03-29 00:30
nightly    Tue 2027-03-30 02:30  +02:00  Europe/Berlin  2027-03-30 00:30
tokyo      Fri 2027-04-30 09:00  +09:00  Asia/Tokyo     2027-04-30 00:00
tokyo      Fri 2027-05-28 09:00  +09:00  Asia/Tokyo     2027-05-28 00:00
hourly     every hour
quarterly  Sat 2027-03-27 13:15  +01:00  Europe/Berlin  2027-03-27 12:15
quarterly  Sat 2027-03-27 13:30  +01:00  Europe/Berlin  2027-03-27 12:30
paused     switched off                  Europe/Berlin
past       never again                   UTC
manual     no schedule

"every …" is counted from the deployment.
`);
    expect(stderr).toBe(
      ['2027-03-28', '2028-03-26']
        .map(
          (date) =>
            `warning: nightly: on ${date} the clock in Europe/Berlin goes from 2:00 to 3:00: the run of 2:30 is skipped\n`,
        )
        .join(''),
    );
  });

  it('prints one document with --json', async () => {
    const { stdout } = await ferry('--json', 'schedule', 'nightly', ...spring);
    expect(JSON.parse(stdout)).toEqual([
      {
        sync: 'nightly',
        expression: 'cron(30 2 * * ? *)',
        timezone: 'Europe/Berlin',
        enabled: true,
        runs: [
          { local: '2027-03-29T02:30+02:00', utc: '2027-03-29T00:30:00.000Z' },
          { local: '2027-03-30T02:30+02:00', utc: '2027-03-30T00:30:00.000Z' },
        ],
      },
    ]);
  });

  it.each([
    [['schedule', 'nightli'], /unknown sync "nightli"; did you mean "nightly"/],
    [['schedule', '--count', '0'], /number from 1 to 1000/],
    [['schedule', '--from', 'tomorrow'], /moment such as/],
    [['schedule', '--from', '2027-02-30'], /moment such as/],
    [['schedule', '--from', '2027-02-29T12:00+01:00'], /moment such as/],
  ])('%j is refused', async (args, message) => {
    await expect(ferry(...args)).rejects.toThrow(message);
  });
});

describe('ferry validate', () => {
  it('warns about a schedule of the past, and a run that a clock change skips within a year, with its date', async () => {
    const { stderr, stdout } = await ferry('validate');
    expect(stderr).toMatch(
      /^warning: past: the schedule never runs again, because all its times have passed; .*\n(warning: nightly: on 20\d\d-03-\d\d the clock in Europe\/Berlin goes from 2:00 to 3:00: the run of 2:30 is skipped\n)+$/,
    );
    expect(stdout).toContain('0 9 ? * 6L * (Asia/Tokyo)');
  });
});
