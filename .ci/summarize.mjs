// Sums up reports of vitest: the slowest tests, and the line that CI reads, `N passed, N failed`. Fails if anything did.
//
// usage: node .ci/summarize.mjs <number of steps that failed> <report.json>…
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const [failedSteps, ...files] = process.argv.slice(2);
const reports = files.map(read);
const tests = reports.flatMap((report) => report?.testResults ?? []).flatMap(testsOf);

print('Slowest tests:');
for (const { seconds, name } of tests.sort((one, other) => other.seconds - one.seconds).slice(0, 20))
  print(`${seconds.toFixed(1).padStart(7)} s  ${name}`);

for (const problem of reports.flatMap((report) => report?.testResults ?? []).flatMap(problemsOf))
  print(problem);

const count = (field) => reports.reduce((sum, report) => sum + (report?.[field] ?? 0), 0);
const passed = count('numPassedTests');
const skipped = count('numPendingTests') + count('numTodoTests');
if (skipped > 0) print(`${skipped} tests were skipped: that counts as failed here.`);
if (passed === 0) print('No test ran.');
// A file that could not even be read has no tests to count.
const failedFiles = count('numFailedTests') === 0 ? count('numFailedTestSuites') : 0;
const missing = reports.filter((report) => !report).length;
const failed = count('numFailedTests') + failedFiles + skipped + missing;
// Types and style count as one test each way: a red check must not end in "0 failed".
const total = failed || Number(failedSteps);
print(`${passed} passed, ${total} failed`);
process.exitCode = total > 0 || passed === 0 ? 1 : 0;

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    print(`The tests wrote no report: ${file}`);
    return undefined;
  }
}

function testsOf({ name: file, assertionResults }) {
  const path = relative(process.cwd(), file);
  return assertionResults.map(({ fullName, duration = 0 }) => ({
    seconds: duration / 1000,
    name: `${path}: ${fullName}`,
  }));
}

/** Where to look, at the end, where nobody has to search for it. */
function problemsOf({ name: file, status, message, assertionResults }) {
  const path = relative(process.cwd(), file);
  const failed = assertionResults.filter(({ status }) => status === 'failed');
  const ofFile = status === 'failed' && failed.length === 0 ? [`FAILED: ${path}: ${firstLine(message)}`] : [];
  const ofTests = failed.map(
    ({ fullName, failureMessages }) => `FAILED: ${path}: ${fullName}: ${firstLine(failureMessages?.[0])}`,
  );
  return [...ofFile, ...ofTests];
}

function firstLine(text = '') {
  return text.split('\n', 1)[0].slice(0, 300);
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
