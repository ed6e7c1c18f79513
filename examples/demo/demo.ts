// npm run demo: a real Postgres with a town's data, a stand-in for Polyteia, and one sync from the first to the second, and the
// database's catalog as Atlan entities.
// npm run demo -- --keep leaves both running until Ctrl-C, so that you can run the other syncs yourself.
import { spawn } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { formatTable } from '../../cli/output/output.ts';
import { quoted } from '../../cli/quoted.ts';
import { readScriptOptions } from '../../scripts/script-options.ts';
import { withLock } from '../../shared/lock.mjs';
import { formatBytes, formatDuration } from '../../shared/text/format.ts';
import { startPolyteiaStandIn } from '../../test/support/polyteia/stand-in/stand-in.ts';
import { startPostgres } from '../../test/support/servers/postgres-server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const options = readScriptOptions(
  `npm run demo              # a real Postgres, a stand-in for Polyteia, a sync and an extraction
npm run demo -- --keep    # leaves both servers running until Ctrl-C`,
  { keep: { type: 'boolean', default: false } },
);
const folder = await ownFolder();
const SYNC = 'offene-meldungen';
const EXTRACTION = 'stadt-katalog';
const DATASET = 'ds_meldungen';
// Spaces, quotes and umlauts: allowed in a password, and difficult for connection strings.
const PASSWORD = `Grüße aus "Musterstadt" & '$HOME'`;

const print = (text = '') => process.stdout.write(`${text}\n`);
const started = performance.now();

print('Ferry demo: from a town’s database to a Polyteia dataset\n');
print('1. Starting Postgres and a stand-in for Polyteia …');
await using postgres = await startPostgres();
await using polyteia = await startPolyteiaStandIn({ datasets: [DATASET, 'ds_haushalt', 'ds_baeume'] });
await postgres.query(await readFile(join(here, 'sample-data.sql'), 'utf8'));
await postgres.query(`ALTER ROLE ferry PASSWORD '${PASSWORD.replaceAll("'", "''")}'`);
print(`   Postgres ${postgres.version} on port ${postgres.port}, Polyteia’s stand-in at ${polyteia.baseUrl}`);

const config = (await readFile(join(here, 'ferry.yaml'), 'utf8'))
  .replace('$POSTGRES_PORT', String(postgres.port))
  .replace('$POLYTEIA_URL', polyteia.baseUrl);
await writeFile(join(folder, 'ferry.yaml'), config);
const secrets = {
  'demo/stadt': { username: 'ferry', password: PASSWORD },
  'demo/polyteia': polyteia.personalAccessKey,
};
await writeFile(join(folder, 'secrets.json'), JSON.stringify(secrets, null, 2), { mode: 0o600 });

const flags = ['--config', 'ferry.yaml', '--secrets', 'secrets.json', '--state', 'state'].map((flag) =>
  flag.includes('.') || flag === 'state' ? join(relative(root, folder), flag) : flag,
);
print(`\n2. Running the sync: ferry run ${SYNC}\n`);
await run(SYNC);
polyteia.assertNoViolations();

const content = polyteia.datasets.get(DATASET)?.content;
if (!content) throw new Error('Nothing arrived.');
const arrived = join(folder, 'arrived.parquet');
await copyFile(content.file, arrived);
print(`\n3. What arrived in dataset ${DATASET} (${formatBytes(content.size)}, ${content.contentType})\n`);
await showParquet(arrived);

const shown = (name: string) => relative(process.env.INIT_CWD ?? root, join(folder, name));
print(`\n4. The catalog as Atlan entities: ferry run ${EXTRACTION}\n`);
await run(EXTRACTION);

print('\n5. Where everything is');
const places = [
  ['configuration', 'ferry.yaml'],
  ['secrets (as Secrets Manager would return them)', 'secrets.json'],
  ['records of runs', 'state'],
  ['the Parquet file that arrived', 'arrived.parquet'],
  ['entities for Atlan, and their manifest', `state/artifacts/${EXTRACTION}`],
] as const;
for (const [what, name] of places) print(`   ${what.padEnd(48)}${shown(name)}`);
print(`\nDone in ${formatDuration(performance.now() - started)}.\n`);

const command = (args: string) => `   npm run -s ferry -- ${args}`;
// To be pasted where the demo was started.
const [own, ownSecrets, state] = ['ferry.yaml', 'secrets.json', 'state'].map((name) => quoted(shown(name)));
const files = `--config ${own} --secrets ${ownSecrets}`;
print('What to try next');
print(command(`validate --config ${own}`));
print(command(`runs --state ${state}`));
print(command('init my-town            # a ferry.yaml of your own'));
if (!options.keep) {
  print(
    '   npm run demo -- --keep                        # keeps database and stand-in running, to run the other syncs',
  );
} else {
  print(command(`tree stadt ${files}`));
  print(command(`run haushalt ${files} --state ${state}`));
  print(command(`run baeume-je-ortsteil ${files} --state ${state}`));
  print('\nPostgres, the stand-in and the console keep running until you press Ctrl-C.');
  const [configFile, ownSecretsFile, stateFolder] = ['ferry.yaml', 'secrets.json', 'state'].map((name) =>
    join(folder, name),
  );
  const given = [
    '--config',
    configFile ?? '',
    '--secrets',
    ownSecretsFile ?? '',
    '--state',
    stateFolder ?? '',
  ];
  // The set-up form may try the demo's own database.
  const console = ['console', '--allow-hosts', '127.0.0.1'];
  const shownConsole = spawn(process.execPath, [join(root, 'scripts', 'ferry.mjs'), ...given, ...console], {
    cwd: root,
    stdio: 'inherit',
  });
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    // A signal listener alone does not keep a process alive.
    const alive = setInterval(() => {}, 60_000);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => clearInterval(alive));
  });
  // Ctrl-C has reached it, too; another signal has not.
  shownConsole.kill('SIGTERM');
}

/** A folder that no other demo is using: one that runs with --keep needs its own for as long as it runs. */
async function ownFolder(): Promise<string> {
  const all = join(root, '.ferry');
  await mkdir(all, { recursive: true });
  return withLock(join(all, 'demo.lock'), async () => {
    for (let number = 1; ; number += 1) {
      const place = join(all, number === 1 ? 'demo' : `demo-${number}`);
      const owner = Number(await readFile(join(place, 'owner'), 'utf8').catch(() => ''));
      if (owner > 0 && isAlive(owner)) continue;
      await rm(place, { recursive: true, force: true });
      await mkdir(place, { recursive: true });
      await writeFile(join(place, 'owner'), String(process.pid));
      return place;
    }
  });
}

function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

/** Runs a job as a person would, and ends the demo if it fails. */
async function run(job: string): Promise<void> {
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    const ferry = spawn(process.execPath, [join(root, 'cli', 'main.ts'), 'run', job, ...flags], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, INIT_CWD: root },
    });
    ferry.once('error', reject);
    ferry.once('close', resolve);
  });
  if (exitCode === 0) return;
  process.stderr.write(`\n${job} ended with exit code ${exitCode}; what it printed above says why.\n`);
  process.exit(exitCode ?? 1);
}

/** Prints schema and first rows of a Parquet file. */
async function showParquet(file: string): Promise<void> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const literal = `'${file.replaceAll("'", "''")}'`;
  const table = async (sql: string) =>
    (await connection.runAndReadAll(sql))
      .getRowsJS()
      .map((row) => row.map((cell) => (cell === null ? 'NULL' : String(cell))));
  const schema = await table(`DESCRIBE SELECT * FROM ${literal}`);
  print(
    formatTable(
      ['   COLUMN', 'TYPE'],
      schema.map(([name, type]) => [`   ${name}`, type ?? '']),
    ),
  );
  const rows = await table(`SELECT COLUMNS(*)::VARCHAR FROM ${literal} LIMIT 5`);
  const [[count] = []] = await table(`SELECT count(*) FROM ${literal}`);
  print(`\n   the first ${rows.length} of ${count} rows`);
  const header = schema.map(([name]) => name ?? '');
  print(
    formatTable(
      ['  ', ...header],
      rows.map((row) => ['  ', ...row]),
    ),
  );
  connection.closeSync();
  instance.closeSync();
}
