import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createProgram } from '../../../cli/program/program.ts';
import { readEnvFile } from '../../../shared/config/go-connector/env-file.ts';
import { loadConfig } from '../../../shared/config/load-config.ts';
import { parseSecretsFile } from '../../../shared/source/credentials/secrets.ts';
import { createTestCliContext } from '../../support/cli/cli-context.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry moving in ü '));
});
afterEach(() => rm(folder, { recursive: true }));

const base = {
  PERSONAL_ACCESS_TOKEN: 'pak_1',
  DATASET_ID: 'ds_a',
  SOURCE_DATABASE_TYPE: 'postgres',
  SOURCE_DATABASE_HOST: 'erp.example',
  SOURCE_DATABASE_PORT: '5432',
  SOURCE_DATABASE_USER: 'ferry',
  SOURCE_DATABASE_PASSWORD: 'swordfish',
  SOURCE_DATABASE_NAME: 'erp',
  SOURCE_DATABASE_SQL_QUERY: 'SELECT * FROM db.t',
};
type Variables = Record<string, string>;

// In single quotes Go takes everything as it is, but for the quote itself.
const envText = (variables: Variables) =>
  Object.entries(variables)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join('');

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

async function init(...args: string[]) {
  const context = createTestCliContext(folder);
  await (await createProgram(context)).parseAsync(['node', 'ferry', 'init', ...args]);
  return context.output;
}

const load = (path = 'ferry.yaml') => loadConfig({ path: join(folder, path), environment: {} });
const text = (path: string) => readFile(join(folder, path), 'utf8');

describe('ferry init --from-env', () => {
  it('merges what is the same: one source, one secret for each login and key, one target', async () => {
    await put('jobs/orders/.env', envText(base));
    await put(
      'jobs/staff.env',
      envText({ ...base, DATASET_ID: 'ds_b', SOURCE_DATABASE_HOST: 'ERP.example' }),
    );
    await put('jobs/hr.env', envText({ ...base, DATASET_ID: 'ds_c', SOURCE_DATABASE_NAME: 'hr' }));
    await put('jobs/other.env', envText({ ...base, DATASET_ID: 'ds_d', SOURCE_DATABASE_USER: 'reader' }));
    const { stdout } = await init('--from-env', 'jobs');
    const { config } = await load();
    expect(stdout).toContain('4 syncs, 3 sources, 1 Polyteia target.');
    expect(Object.keys(config.polyteia)).toEqual(['default']);
    expect(
      Object.fromEntries(Object.entries(config.syncs).map(([job, { source }]) => [job, source])),
    ).toEqual({
      hr: 'hr',
      orders: 'erp-ferry',
      other: 'erp-reader',
      staff: 'erp-ferry',
    });
  });

  it('names the targets when there are several keys or organizations, and keeps their settings', async () => {
    await put('a.env', envText(base));
    await put(
      'b.env',
      envText({ ...base, POLYTEIA_ORGANIZATION_SLUG: 'stadt-bonn', INGEST_TIMEOUT: '1h30m' }),
    );
    await put(
      'c.env',
      envText({ ...base, PERSONAL_ACCESS_TOKEN: 'pak_2', POLYTEIA_BASE_URL: 'https://eu.polyteia.example/' }),
    );
    await init('--from-env', 'c.env', 'a.env', 'b.env');
    const { config } = await load();
    expect(config.polyteia).toMatchObject({
      polyteia: { token: 'ferry/polyteia', api: 'classic' },
      'stadt-bonn': {
        token: 'ferry/polyteia',
        organization: 'stadt-bonn',
        api: 'session',
        ingest: { timeout: '1h30m' },
      },
      eu: { token: 'ferry/polyteia-eu', baseUrl: 'https://eu.polyteia.example' },
    });
    expect(config.syncs.b).toMatchObject({ polyteia: 'stadt-bonn', query: 'SELECT * FROM db.t' });
  });

  it('writes no secret into ferry.yaml or onto the screen, and makes secrets.json readable for its owner only', async () => {
    await put(
      'a.env',
      envText({ ...base, SOURCE_DATABASE_PASSWORD: 'sword"fish$', PERSONAL_ACCESS_TOKEN: 'pak_GEHEIM' }),
    );
    await writeFile(join(folder, 'secrets.json'), '{}', { mode: 0o644 });
    const { stdout, stderr } = await init('--from-env', 'a.env', '--secrets-out', 'secrets.json', '--force');
    for (const shown of [stdout, stderr, await text('ferry.yaml')]) expect(shown).not.toMatch(/fish|GEHEIM/);
    // A server needs the file alone.
    expect(stdout).not.toContain('aws secretsmanager');
    const onAws = await init('--from-env', 'a.env', '--secrets-out', 'secrets.json', '--aws');
    expect(onAws.stdout).toContain('aws secretsmanager create-secret --name ferry/erp');
    expect((await stat(join(folder, 'secrets.json'))).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await text('secrets.json'))).toEqual({
      'ferry/erp': { username: 'ferry', password: 'sword"fish$' },
      'ferry/polyteia': { token: 'pak_GEHEIM' },
    });
  });

  it('prints commands that give each value to the AWS CLI on standard input', async () => {
    await put('a.env', envText({ ...base, SOURCE_DATABASE_PASSWORD: 'p w"$`ä\\x' }));
    const { stdout } = await init('--json', '--from-env', 'a.env', '--secrets-out', 'my secrets.json');
    const commands: string[] = JSON.parse(stdout).secretCommands;
    expect(commands).toHaveLength(2);
    // A stand-in for the AWS CLI that shows what it was given.
    await put('bin/aws', '#!/bin/sh\necho "$4"\ncat "$(echo "$6" | sed s,file://,,)"\n');
    execFileSync('chmod', ['+x', join(folder, 'bin/aws')]);
    const environment = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
    const shown = commands.map((command) => {
      const output = execFileSync('sh', ['-c', command], { cwd: folder, env: environment, encoding: 'utf8' });
      const [name, value = ''] = output.split('\n');
      return [name, JSON.parse(value)];
    });
    expect(shown).toEqual([
      ['ferry/erp', { username: 'ferry', password: 'p w"$`ä\\x' }],
      ['ferry/polyteia', { token: 'pak_1' }],
    ]);
  });

  it('fetches from the cluster what the manifests only refer to', async () => {
    const key = (name: string, secret: string) => ({
      name,
      valueFrom: { secretKeyRef: { name: secret, key: 'it.self' } },
    });
    const { SOURCE_DATABASE_PASSWORD: _password, PERSONAL_ACCESS_TOKEN: _token, ...rest } = base;
    const env = [
      ...Object.entries(rest).map(([name, value]) => ({ name, value })),
      key('SOURCE_DATABASE_PASSWORD', 'db'),
      key('PERSONAL_ACCESS_TOKEN', 'pak'),
    ];
    const spec = { template: { spec: { containers: [{ name: 'c', env }] } } };
    const object = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'erp', namespace: 'town' },
      spec,
    };
    await put('k8s/erp.yaml', stringify(object));
    const { stdout, stderr } = await init('--from-env', 'k8s', '--secrets-out', 'secrets.json');
    // On a server, nothing of AWS.
    expect(stdout).not.toContain('aws secretsmanager');
    expect(stdout).toContain(`Add to secrets.json:

  "ferry/erp": what this prints
    kubectl get secret db --namespace town -o json | jq -c '{username: "ferry", password: (.data["it.self"] | @base64d)}'
`);
    const onAws = await init('--from-env', 'k8s', '--secrets-out', 'secrets.json', '--aws');
    expect(onAws.stdout).toContain(
      `kubectl get secret db --namespace town -o json | jq -c '{username: "ferry", password: (.data["it.self"] | @base64d)}' | aws secretsmanager create-secret --name ferry/erp --secret-string file:///dev/stdin`,
    );
    expect(stderr).toContain(
      'not in secrets.json, because the given files do not contain them: ferry/erp, ferry/polyteia',
    );
    expect(JSON.parse(await text('secrets.json'))).toEqual({});
  });

  it('says once which name is misspelled, also where that leaves the file out', async () => {
    const { PERSONAL_ACCESS_TOKEN: token, ...rest } = base;
    await put('jobs/good.env', envText(base));
    await put('jobs/bad.env', envText({ ...rest, PERSONAL_ACESS_TOKEN: token }));
    await put('jobs/late.env', envText({ ...base, DATASET_ID: 'ds_b', CRON_SHEDULE: '@daily' }));
    const { stderr } = await init('--from-env', 'jobs');
    expect(stderr.match(/PERSONAL_ACESS_TOKEN/g)).toHaveLength(1);
    expect(stderr.match(/CRON_SHEDULE/g)).toHaveLength(1);
  });

  it('says once for each file what cannot be converted, and converts the rest', async () => {
    await put('jobs/good.env', envText({ ...base, LOG_LEVEL: 'debug' }));
    await put('jobs/bad.env', 'DATASET_ID=ds_b\n');
    await put('jobs/broken.env', 'DATASET_ID\n');
    await put('jobs/mssql.env', envText({ ...base, SOURCE_DATABASE_TYPE: 'mssql' }));
    await put('jobs/both-days.env', envText({ ...base, DATASET_ID: 'ds_c', CRON_SCHEDULE: '0 4 1 * 1' }));
    await put('jobs/good.env.example', envText(base));
    await put('jobs/app/.env', 'PORT=3000\n');
    await put('jobs/chart.yaml', 'a: {{ .Values.x }}\nb: {{');
    await put('jobs/values.yaml', 'a: 1\n');
    await put('jobs/twin.env', envText(base));
    const { stderr, stdout, exitCode } = await init('--from-env', 'jobs');
    expect(stdout).toMatch(
      /^Took over 3 of 7, 4 left out \(the warnings say why, and the exit code is 6\)\.\n/,
    );
    expect(exitCode).toBe(6);
    expect(Object.keys((await load()).config.syncs)).toEqual(['both-days', 'good', 'twin']);
    for (const expected of [
      'left out: jobs/bad.env is not valid',
      'left out: jobs/broken.env is not valid (1 problem):\n  line 1: expected NAME=value, or quotes around a value of several lines',
      'left out: jobs/mssql.env is not valid',
      'jobs/both-days.env: CRON_SCHEDULE: ferry serve keeps this schedule, AWS does not: "0 4 1 * 1": a day',
      'variables that Ferry does not need: LOG_LEVEL',
      'jobs/good.env.example: left out, because its name suggests a copy',
      'left out: jobs/chart.yaml is not valid YAML',
      'good (jobs/good.env) and twin (jobs/twin.env) replace the same dataset ds_a',
      'not encrypted, as in the connector: erp',
    ])
      expect(stderr).toContain(expected);
    expect(stderr).not.toMatch(/values\.yaml|app\/\.env/);
    expect(await text('ferry.yaml')).toContain(
      '# jobs/both-days.env; AWS cannot keep its schedule, ferry serve does',
    );
    expect((await load()).config.syncs['both-days']?.schedule?.cron).toBe('0 4 1 * 1');
  });

  it('calls files by their place beside ferry.yaml, wherever one stands', async () => {
    await put('alt/ämter/a.env', envText(base));
    await init('--from-env', 'alt', '--out', 'town');
    const first = await text('town/ferry.yaml');
    expect(first).toContain('# ../alt/ämter/a.env\n');
    const context = createTestCliContext(join(folder, 'alt'));
    const args = ['init', '--from-env', 'ämter/a.env', '--out', '../town'];
    // The same content is as good as a new file.
    await (await createProgram(context)).parseAsync(['node', 'ferry', ...args]);
    expect(await text('town/ferry.yaml')).toBe(first);
  });

  it('says whose they are where there are two sources of one database, or two targets of one organization', async () => {
    const session = { ...base, POLYTEIA_ORGANIZATION_SLUG: 'stadt', DATASET_ID: 'ds_b' };
    await put('a.env', envText(session));
    await put('b.env', envText({ ...session, SOURCE_DATABASE_PASSWORD: 'typo', INGEST_TIMEOUT: '10m' }));
    await put('c.env', envText({ ...session, SOURCE_DATABASE_NAME: 'hr' }));
    await init('--from-env', 'a.env', 'b.env', 'c.env');
    const yaml = await text('ferry.yaml');
    expect(yaml).toMatch(/(?<!#.*)\n {2}hr:$/m);
    expect(yaml).toMatch(/^ {2}# a\.env\n {2}erp[\w-]*:$/m);
    expect(yaml).toMatch(/^ {2}# b\.env\n {2}erp[\w-]*:$/m);
    expect(yaml).toMatch(/^ {2}# a\.env, c\.env\n {2}stadt: \{/m);
    expect(yaml).toMatch(/^ {2}# b\.env\n {2}stadt-2: \{.*10m/m);
  });

  it('overwrites nothing else without --force, and accepts what it wrote before', async () => {
    await put('a.env', envText(base));
    const args = ['--from-env', 'a.env', '--out', 'town', '--secrets-out', 'secrets.json'];
    await init(...args);
    const before = await text('town/ferry.yaml');
    await init(...args);
    await put('town/ferry.yaml', '# mine\n');
    await expect(init(...args)).rejects.toThrow(/ferry\.yaml already exists with different content/);
    expect(await text('town/ferry.yaml')).toBe('# mine\n');
    await init(...args, '--force');
    expect(await text('town/ferry.yaml')).toBe(before);
    // The secrets file is looked at before ferry.yaml is written.
    await put('secrets.json', '{}');
    await rm(join(folder, 'town'), { recursive: true });
    await expect(init(...args)).rejects.toThrow(/secrets\.json already exists/);
    await expect(text('town/ferry.yaml')).rejects.toThrow();
  });

  it.each([
    [['--from-env', 'gone.env'], /gone\.env does not exist/],
    [['--from-env', 'empty'], /No connector could be converted from empty/],
    [['--secrets-out', 'secrets.json'], /--secrets-out only works with --from-env/],
  ])('%j is refused', async (args, message) => {
    await mkdir(join(folder, 'empty'));
    await expect(init(...args)).rejects.toThrow(message);
  });
});

// Deployments as a town may have them: a few servers, logins and keys, and everything else mixed.
const deployment = fc.record(
  {
    PERSONAL_ACCESS_TOKEN: fc.constantFrom('pak_a', 'pak_b'),
    DATASET_ID: fc.stringMatching(/^ds_[a-z0-9]{8}$/),
    SOURCE_DATABASE_TYPE: fc.constantFrom('postgres', 'postgresql', 'mysql', 'mariadb'),
    SOURCE_DATABASE_HOST: fc.constantFrom(
      'erp.north.example',
      'erp.south.example',
      '10.0.0.5',
      'x.rds.amazonaws.com',
    ),
    SOURCE_DATABASE_PORT: fc.constantFrom('5432', '3306'),
    SOURCE_DATABASE_USER: fc.constantFrom('ferry', 'reader'),
    SOURCE_DATABASE_PASSWORD: fc.constantFrom('swordfish', ' p w"$`ä\\n#x ', ''),
    SOURCE_DATABASE_NAME: fc.constantFrom('erp', 'ERP', 'hr', 'Größe'),
    SOURCE_DATABASE_SQL_QUERY: fc.oneof(
      fc.constantFrom(
        'SELECT * FROM db.t;',
        'SELECT a,\n  b -- all: of them\nFROM db.t\n',
        '- x: {',
        'true',
        '# no',
      ),
      // What begins with another word than SELECT, or has parameters, is no query and left out.
      fc
        .string({ minLength: 1, unit: 'grapheme-ascii' })
        .filter((query) => !/^\W*[a-z]{2}|\$\d/i.test(query)),
    ),
    CRON_SCHEDULE: fc.constantFrom(
      '0 0 * * *',
      '@daily',
      'CRON_TZ=Europe/Berlin 30 2 * * 1-5',
      '@every 1h',
      '*/5 * * * *',
    ),
    POLYTEIA_BASE_URL: fc.constantFrom('https://app.polyteia.com', 'https://polyteia.example/'),
    POLYTEIA_ORGANIZATION_SLUG: fc.constantFrom('stadt-a', 'Stadt_B'),
    INGEST_TIMEOUT: fc.constantFrom('30m', '1h'),
  },
  {
    requiredKeys: [
      'PERSONAL_ACCESS_TOKEN',
      'DATASET_ID',
      'SOURCE_DATABASE_TYPE',
      'SOURCE_DATABASE_HOST',
      'SOURCE_DATABASE_PORT',
      'SOURCE_DATABASE_USER',
      'SOURCE_DATABASE_NAME',
      'SOURCE_DATABASE_SQL_QUERY',
    ],
  },
);

// What a .env file can say, and the connector would start with.
function isUsable(variables: Variables): boolean {
  if (Object.values(variables).some((value) => /'|\\$/.test(value))) return false;
  try {
    readEnvFile(envText(variables), {}, { file: 'x.env' });
    return true;
  } catch {
    return false;
  }
}

/** The variables as a Deployment that takes a part of them from a ConfigMap and its secrets from a Secret. */
function toManifest(name: string, variables: Variables): string {
  const entries = Object.entries(variables);
  const secret = entries.filter(([key]) => /TOKEN|PASSWORD/.test(key));
  const [map, plain] = [entries.filter(([key]) => key.startsWith('SOURCE_')), entries].map((all) =>
    all.filter((entry) => !secret.includes(entry)),
  );
  const env = (plain ?? [])
    .filter((entry) => !map?.includes(entry))
    .map(([key, value]) => ({ name: key, value: value.replaceAll('$', '$$$$') }));
  const keys = secret.map(([key]) => ({ name: key, valueFrom: { secretKeyRef: { name, key } } }));
  const container = { name: 'c', envFrom: [{ configMapRef: { name } }], env: [...env, ...keys] };
  const base64 = Object.fromEntries(
    secret.map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: Object.fromEntries(map ?? []) },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: base64 },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: { template: { spec: { containers: [container] } } },
    },
  ]
    .map((object) => stringify(object))
    .join('---\n');
}

describe('sixty deployments', () => {
  it('become one valid ferry.yaml with the same jobs, from files and from manifests', async () => {
    const sixty = fc.array(deployment.filter(isUsable), { minLength: 60, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(sixty, async (deployments) => {
        for (const kind of ['env', 'yaml']) await rm(join(folder, kind), { recursive: true, force: true });
        for (const [index, variables] of deployments.entries()) {
          const name = `job-${index}`;
          // Every third in a manifest.
          if (index % 3 === 0) await put(`deployments/${name}.yaml`, toManifest(name, variables));
          else await put(`deployments/${name}.env`, envText(variables));
        }
        const args = ['--from-env', 'deployments', '--secrets-out', 'secrets.json', '--force'];
        await init(...args);
        const { config } = await load();
        const secrets = parseSecretsFile(await text('secrets.json'), 'secrets.json');
        const secretOf = (ref: unknown) => JSON.parse(secrets.get(String(ref)) ?? 'null');
        expect(Object.keys(config.syncs)).toHaveLength(60);
        for (const [index, variables] of deployments.entries()) {
          const alone = readEnvFile(envText(variables), {}, { file: 'x.env' });
          const { source, polyteia, ...sync } = config.syncs[`job-${index}`] ?? {};
          const { source: _source, polyteia: _polyteia, ...expected } = alone.config.syncs.default ?? {};
          expect(sync).toEqual(expected);
          const { auth, ...address } = config.sources[source ?? ''] ?? {};
          const { auth: _auth, ...expectedAddress } = alone.config.sources.default ?? {};
          expect(address).toEqual(expectedAddress);
          if (auth?.type !== 'password') throw new Error('no password');
          expect(secretOf(auth.secret)).toEqual(JSON.parse(alone.secrets.get('env/source') ?? ''));
          const { token, ...target } = config.polyteia[polyteia ?? ''] ?? {};
          const { token: _token, ...expectedTarget } = alone.config.polyteia.default ?? {};
          expect(target).toEqual(expectedTarget);
          expect(secretOf(token)).toEqual({ token: alone.secrets.get('env/personal-access-token') });
        }
        // As few of each as there are different ones.
        const count = (of: (variables: Variables) => unknown) =>
          new Set(deployments.map((each) => JSON.stringify(of(each)))).size;
        const type = ({ SOURCE_DATABASE_TYPE: type = '' }: Variables) =>
          /^p/.test(type) ? 'postgres' : 'mysql';
        const login = (each: Variables) => [
          type(each),
          each.SOURCE_DATABASE_HOST,
          each.SOURCE_DATABASE_PORT,
          each.SOURCE_DATABASE_USER,
          each.SOURCE_DATABASE_PASSWORD ?? '',
        ];
        expect(Object.keys(config.sources)).toHaveLength(
          count((each) => [login(each), each.SOURCE_DATABASE_NAME]),
        );
        expect(secrets.size).toBe(count(login) + count((each) => each.PERSONAL_ACCESS_TOKEN));
        // The same from another place, in another order, by other means.
        const [yaml, values] = [await text('ferry.yaml'), await text('secrets.json')];
        await cp(join(folder, 'deployments'), join(folder, 'again/deployments'), { recursive: true });
        await init(
          '--from-env',
          'again/deployments/job-7.env',
          'again/deployments',
          '--out',
          'again',
          '--secrets-out',
          'again.json',
        );
        expect([await text('again/ferry.yaml'), await text('again.json')]).toEqual([yaml, values]);
        for (const path of ['again', 'again.json', 'deployments'])
          await rm(join(folder, path), { recursive: true });
      }),
      { numRuns: 4, endOnFailure: true },
    );
  }, 60_000);
});
