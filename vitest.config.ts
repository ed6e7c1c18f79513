import { defineConfig } from 'vitest/config';
import { findNewerPython } from './test/support/processes/find-python.ts';

// As in the command line (cli/main.ts). With Node's four, a statement that an earlier test of this process has abandoned, and which waits
// for its dead server, could leave no thread for a file.
process.env.UV_THREADPOOL_SIZE ??= '16';

const LONG = 'test/**/*.long.test.ts';

// The tests mock no modules, so files share a process: what they import, and DuckDB's extensions, are loaded once for each worker and
// not once for each file. Node itself runs the TypeScript.
const sharedProcess = {
  isolate: false,
  experimental: { viteModuleRunner: false },
  globalSetup: 'test/support/temporary-root.ts',
};

// Against tests that hang: long enough for a machine that is busy with other things.
const withServers = { testTimeout: 180_000, hookTimeout: 300_000 };
const withStacks = { testTimeout: 300_000, hookTimeout: 600_000 };

// Python is the one tool of the tests that no registry has for every machine.
const NEEDS_NEWER_PYTHON = 'test/e2e/long/localstack.long.test.ts';
const isAskedForLong = /--project[ =]long/.test(process.argv.join(' '));
const notRun = isAskedForLong && findNewerPython() === undefined ? [NEEDS_NEWER_PYTHON] : [];
if (notRun.length > 0)
  process.stderr.write(
    `NOT RUN on this machine: ${NEEDS_NEWER_PYTHON} needs Python 3.12 or newer (CONTRIBUTING.md).\n`,
  );

export default defineConfig({
  test: {
    // Tests wait for servers, and commands for one another: a worker more than there are processors keeps these busy.
    maxWorkers: 3,
    slowTestThreshold: 5_000,
    expect: { poll: { timeout: 30_000, interval: 20 } },
    projects: [
      {
        test: {
          ...sharedProcess,
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 120_000,
          // A test that reaches none cannot fail. Not of the others: in tests at the same time, one's count is reset by the next.
          expect: { requireAssertions: true },
        },
      },
      // What the CDK app makes of a configuration. CDK loads and checks much.
      {
        test: { ...sharedProcess, name: 'infra', include: ['test/infra/**/*.test.ts'], testTimeout: 180_000 },
      },
      {
        test: {
          ...sharedProcess,
          ...withServers,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: [LONG],
        },
      },
      {
        test: {
          ...sharedProcess,
          ...withStacks,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [LONG],
        },
      },
      // Long by nature: every moment at which a run can be killed, many processes that contend, the waits of AWS's own retries.
      { test: { ...sharedProcess, ...withStacks, name: 'long', include: [LONG], exclude: notRun } },
    ],
  },
});
