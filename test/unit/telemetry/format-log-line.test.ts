import { expect, it } from 'vitest';
import { formatLogLine } from '../../../shared/telemetry/format-log-line.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

it.each([
  [
    { level: 'info', time: 'T', msg: 'run succeeded', job: 'orders', rows: 3 },
    'T INFO  run succeeded job=orders rows=3',
  ],
  [
    { level: 'warn', time: 'T', msg: 'a\nb\u001b[31m', cron: '0 4 * * *' },
    'T WARN  a\\u000ab\\u001b[31m cron="0 4 * * *"',
  ],
  [
    { level: 'error', time: 'T', msg: 'x', name: 'Größe="1"', list: [1, 2] },
    'T ERROR x name="Größe=\\"1\\"" list=[1,2]',
  ],
  [{ level: 'debug', time: 'T' }, 'T DEBUG'],
  [
    {
      level: 'error',
      time: 'T',
      job: 'müll',
      rows: 3,
      phases: [
        { name: 'connect', durationMs: 12 },
        { name: 'export', durationMs: 340 },
      ],
      warnings: ['one of them', 'another'],
      error: { class: 'GuardError', message: '3 rows are fewer.', hint: 'Accept "it".', phase: 'guards' },
      msg: 'run failed',
    },
    'T ERROR run failed: 3 rows are fewer. → Accept "it". class=GuardError phase=guards job=müll rows=3 phases="connect 12 ms, export 340 ms" warnings=2',
  ],
  [
    {
      level: 'info',
      time: 'T',
      run: '1',
      job: 'kataloge',
      schemaVersion: 1,
      kind: 'extraction',
      sources: ['a', 'b'],
      state: 'partial',
      trigger: 'schedule',
      attempts: [{}],
      databases: [{ state: 'extracted' }, { state: 'failed' }],
      phases: [{ name: 'a/a', durationMs: 12 }],
      configHash: 'c',
      reading: { mode: 'single' },
      rows: 3,
      durationMs: 12,
      msg: 'run partial',
    },
    'T INFO  run partial run=1 job=kataloge trigger=schedule databases="1 of 2" rows=3 durationMs=12',
  ],
  [
    { level: 'error', time: 'T', job: 'a', hint: 'Check the port.', msg: 'check failed: TCP: refused' },
    'T ERROR check failed: TCP: refused → Check the port. job=a',
  ],
])('%o is one line for people', (fields, expected) => {
  expect(formatLogLine(JSON.stringify(fields))).toBe(`${expected}\n`);
});

it('a logger writes text where that is asked for, with the fields of its children', () => {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'info',
    format: 'text',
    destination: { write: (line) => lines.push(line) },
  });
  logger.child({ run: '1' }).warn({ job: 'orders' }, 'it is late');
  logger.debug('unseen');
  expect(lines.join('')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z WARN {2}it is late run=1 job=orders\n$/);
});
