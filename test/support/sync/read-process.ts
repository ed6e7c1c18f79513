import { readThroughFerry, type TestServer } from './read-through-ferry.ts';

// Reads a query in a process of its own, which may have less of something than the tests have. It prints what came of it.
const { server, query } = JSON.parse(process.argv[2] ?? '') as { server: TestServer; query: string };
let left: string[] | undefined;
const outcome = await readThroughFerry('postgres', server, {
  sync: { query },
  minBytes: 1,
  withContent: false,
  onFailed: (files) => {
    left = files;
  },
}).then(
  ({ rows, reading }) => ({ rows, reading }),
  (error: Error) => ({ error: error.message, left }),
);
process.stdout.write(`outcome ${JSON.stringify(outcome)}\n`);
