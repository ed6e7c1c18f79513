// npm run record: what the README shows. A real Postgres and a stand-in for Polyteia, four commands as a person would type
// them, and what they print, as docs/recording.svg.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPolyteiaStandIn } from '../test/support/polyteia/stand-in/stand-in.ts';
import { startPostgres } from '../test/support/servers/postgres-server.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const WIDTH = 100;
const LINE = 18;

await using postgres = await startPostgres();
await using polyteia = await startPolyteiaStandIn({ datasets: ['ds_meldungen'] });
const folder = await mkdtemp(join(tmpdir(), 'ferry-recording-'));
await postgres.query(`CREATE TABLE meldungen AS
  SELECT i AS id, date '2026-11-01' + i % 28 AS eingegangen, (i * 1.1)::numeric(9,2) AS kosten,
    (ARRAY['Schlagloch', 'Laterne', 'Müll'])[1 + i % 3] AS kategorie
  FROM generate_series(1, 1200) i`);
await postgres.query("CREATE ROLE leser LOGIN PASSWORD 'geheim'; GRANT SELECT ON meldungen TO leser");
await writeFile(
  join(folder, 'ferry.yaml'),
  `version: 1
sources:
  stadt:
    type: postgres
    host: 127.0.0.1
    port: ${postgres.port}
    database: postgres
    auth: { type: password, secret: stadt }
    tls: { mode: disable }
polyteia:
  default: { token: polyteia, baseUrl: "${polyteia.baseUrl}" }
syncs:
  meldungen:
    source: stadt
    query: SELECT * FROM meldungen
    dataset: ds_meldungen
    guards: { maxRowChange: 50% }
`,
);
await writeFile(
  join(folder, 'secrets.json'),
  JSON.stringify({
    stadt: { username: 'leser', password: 'geheim' },
    polyteia: polyteia.personalAccessKey,
  }),
  { mode: 0o600 },
);

/** Runs a command, and returns all that a person sees of it. */
function ferry(...args: string[]): Promise<string[]> {
  const environment = { ...process.env, INIT_CWD: folder, FERRY_SECRETS: 'secrets.json' };
  const options = { cwd: folder, env: environment };
  return new Promise((resolve) => {
    const shell = ['-c', `"$0" "$@" 2>&1`, process.execPath, join(root, 'cli', 'main.ts'), ...args];
    execFile('sh', shell, options, (_error, stdout) => resolve(stdout.trimEnd().split('\n')));
  });
}

const scenes: { command: string; lines: string[] }[] = [];
async function record(args: string[], shown: string = args.join(' ')): Promise<string[]> {
  const lines = await ferry(...args);
  scenes.push({ command: shown, lines });
  return lines;
}
await record(['check']);
await record(['preview', 'meldungen', '--rows', '2']);
await record(['run', 'meldungen']);
// What happens when somebody empties a table by mistake: the guard keeps the dataset as it is.
await postgres.query('DELETE FROM meldungen WHERE id > 100');
const refused = await record(['run', 'meldungen']);
const [, id = ''] = /run ([0-9a-f-]{36})/.exec(refused.join('\n')) ?? [];
await record(['accept', id.slice(0, 13), '--why', 'archived'], `accept ${id.slice(0, 13)} --why archived`);
await rm(folder, { recursive: true });

await writeFile(join(root, 'docs', 'recording.svg'), draw());
process.stdout.write('Wrote docs/recording.svg\n');

interface Drawn {
  text: string;
  style: 'prompt' | 'output' | 'warning' | 'gap';
}

function draw(): string {
  const drawn = scenes.flatMap(({ command, lines }, scene) =>
    [
      { text: `$ ferry ${command}`, style: 'prompt' as const },
      ...lines.flatMap(wrap).map((text) => ({ text, style: styleOf(text) })),
      { text: '', style: 'gap' as const },
    ].map((line) => ({ ...line, scene })),
  );
  const height = drawn.length * LINE + 2 * LINE;
  const texts = drawn.map(
    ({ text, style, scene }: Drawn & { scene: number }, index) =>
      `<text class="${style} s${scene}" x="16" y="${(index + 1.6) * LINE}" xml:space="preserve">${toXml(text)}</text>`,
  );
  const delays = scenes.map((_, scene) => `.s${scene} { animation-delay: ${scene * 2}s }`).join(' ');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH * 8 + 32}" height="${height}" role="img" aria-label="ferry check, preview, run, a refused guard, and accept">
<style>
text { font: 13px ui-monospace, Menlo, Consolas, monospace; fill: #d0d7de }
.prompt { fill: #7ee787; font-weight: bold } .warning { fill: #ffa657 }
@keyframes show { from { opacity: 0 } to { opacity: 1 } }
@media (prefers-reduced-motion: no-preference) { text { animation: show .3s both } ${delays} }
</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${texts.join('\n')}
</svg>
`;
}

function styleOf(text: string): Drawn['style'] {
  return /^(warning:|\w+Error:| {2}→)/.test(text) ? 'warning' : 'output';
}

function toXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A line as a terminal of that width breaks it. */
function wrap(text: string): string[] {
  const parts: string[] = [];
  let rest = text.replaceAll(postgres.host, 'db.stadt.example');
  while (rest.length > WIDTH) {
    const at = rest.lastIndexOf(' ', WIDTH);
    const end = at > WIDTH / 2 ? at : WIDTH;
    parts.push(rest.slice(0, end));
    rest = `    ${rest.slice(end).trimStart()}`;
  }
  return [...parts, rest];
}
