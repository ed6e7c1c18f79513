// Fetches all that the tests need and that is not there yet, before the first test waits for it. Prints the paths, for bootstrap.mjs.
// What cannot be had is said here, and by the tests that need it: the others can still run.
import { pythonEnvironment, sqlParserEnvironment } from '../processes/python.ts';
import { CURL } from './curl.ts';
import { findTool } from './find-tool.ts';
import { MARIADB } from './servers/mariadb.ts';
import { MYSQL } from './servers/mysql.ts';
import { PGBOUNCER } from './servers/pgbouncer.ts';
import { POSTGRES_15 } from './servers/postgres-15.ts';

const programs = [MARIADB, MYSQL, POSTGRES_15, PGBOUNCER, CURL].map(async (tool) =>
  Object.values((await findTool(tool)).programs),
);
const others = [pythonEnvironment(), sqlParserEnvironment()].map((made) =>
  made.then(({ python }) => [python]),
);
for (const result of await Promise.allSettled([...programs, ...others])) {
  if (result.status === 'fulfilled') process.stdout.write(result.value.map((path) => `${path}\n`).join(''));
  else {
    process.stderr.write(`${(result.reason as Error).message}\n`);
    process.exitCode = 1;
  }
}
