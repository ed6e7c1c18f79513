import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connection } from '../../support/atlan/catalog.ts';
import { expectInvalid, expectRefusal } from '../../support/atlan/refusals.ts';
import { type AtlanServer, endOf, startAtlan, startRun } from '../../support/atlan/start-atlan.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

// What callers describe is stored as it came, unless it holds a secret; and it means what it says.

const SECRET = 'Kanarienvogel-4711';
const metadata = { 'include-filter': '{}', 'exclude-filter': '{}', 'temp-table-regex': '' };

let postgres: PostgresServer;
let atlan: AtlanServer;
let credentials: Record<string, unknown>;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.query(`
    CREATE SCHEMA "Übersicht";
    CREATE TABLE "Übersicht"."Straßen" (id int);
    CREATE SCHEMA other;
    CREATE TABLE other.t (id int)`);
  atlan = await startAtlan({ args: ['--allow-hosts', '127.0.0.0/8'] });
  const { host, port, user: username, password } = postgres;
  credentials = { host, port, username, password, extra: { database: 'postgres' } };
});
afterAll(async () => {
  await atlan?.stop();
  await postgres?.stop();
});

/** All that the state says. */
async function stateText(): Promise<string> {
  const folder = join(atlan.folder, '.ferry');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const texts = await Promise.all(
    files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')),
  );
  return texts.join('\n');
}

const nest = (value: unknown, levels: number): object => ({
  inner: levels === 0 ? value : nest(value, levels - 1),
});
const many = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`field${index}`, index]));

describe('a definition with a secret', () => {
  const odd: Record<string, object> = {
    'far down': nest({ password: SECRET }, 10),
    'behind many others': { ...many, password: SECRET },
    'in what is called a filter': { 'my-filter': { password: SECRET } },
    'in a list of pairs': { extra: [{ key: 'password', value: SECRET }] },
    'in JSON as a text': { extra: JSON.stringify({ password: SECRET }) },
    'in an address': { url: `postgresql://reader:${SECRET}@db.example.org/x` },
    'by another name': { pwd: SECRET },
    'as a key of AWS': { aws_access_key: SECRET },
  };
  it.each(Object.keys(odd))('%s is refused, and stored nowhere', async (what) => {
    const id = `odd-${Object.keys(odd).indexOf(what)}`;
    for (const body of [
      { metadata: { ...metadata, ...odd[what] }, connection },
      { metadata, connection: { ...connection, ...odd[what] } },
    ]) {
      const answer = await atlan.post('start', { ...body, credentials, argo_workflow_name: id });
      expectRefusal(answer, 422);
      expect(answer.text).not.toContain(SECRET);
    }
    expect(await stateText()).not.toContain(SECRET);
  });

  it('which is as deep as a body can be is refused', async () => {
    const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
    const text = JSON.stringify({ credentials, connection, metadata: { x: 0 } }).replace(
      '"x":0',
      `"x":${deep}`,
    );
    expectRefusal(await atlan.post('start', text), 422);
  });
});

describe('names', () => {
  const filesOf = async (workflow: string, run: string, type: string) =>
    (
      await readFile(
        join(atlan.folder, '.ferry/artifacts', workflow, run, 'transformed', type, '1.json'),
        'utf8',
      )
    )
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).attributes.qualifiedName as string);

  it('with umlauts, and a very large filter, select what they name', async () => {
    const others = Array.from({ length: 1_000 }, (_, index) => `^gibt-es-nicht-${index}-ß$`);
    const run = await startRun(atlan, {
      credentials,
      connection: { ...connection, connection_name: 'Größe 🚢' },
      metadata: {
        'include-filter': { '^postgres$': ['^Übersicht$', '^other$'] },
        'exclude-filter': { '^postgres$': [...others, '^oth.r$'] },
      },
    });
    expect(await endOf(atlan, run)).toBe('COMPLETED');
    expect(await filesOf(run.workflow_id, run.run_id, 'table')).toEqual([
      `${connection.connection_qualified_name}/postgres/Übersicht/Straßen`,
    ]);
    expect((await atlan.get(`config/${run.workflow_id}`)).data.connection).toMatchObject({
      connection_name: 'Größe 🚢',
    });
  });

  it('of workflows may have 63 characters, differ in case only, and are nobody’s prototype', async () => {
    const longest = 'w'.repeat(63);
    const runs = [];
    for (const name of [longest, 'Case', 'case', 'constructor'])
      runs.push(await startRun(atlan, { credentials, connection, metadata, argo_workflow_name: name }));
    for (const run of runs) expect(await endOf(atlan, run)).toBe('COMPLETED');
    const [, upper, lower] = runs;
    expectRefusal(await atlan.get(`status/Case/${lower?.run_id}`), 404);
    expect((await atlan.get('result/Case')).data.result).toMatchObject({ run_id: upper?.run_id });
    for (const name of ['w'.repeat(64), '__proto__', 'ü', '..', 'a/b', '-a'])
      expectRefusal(await atlan.post('start', { credentials, connection, metadata, workflow_id: name }), 422);
  });

  it('that would get lost are refused: a filter without them selects everything', async () => {
    const filter = '{"__proto__": ["^public$"]}';
    const object = JSON.stringify({ credentials, connection, metadata: { 'include-filter': 0 } });
    const bodies = [
      object.replace(':0', `:${filter}`),
      { credentials, connection, metadata: { ...metadata, 'include-filter': filter } },
    ];
    for (const body of bodies) expectInvalid(await atlan.post('start', body), 'metadata', 'include-filter');
  });
});
