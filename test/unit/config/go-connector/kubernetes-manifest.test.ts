import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readManifest, readWorkloads } from '../../../../shared/config/go-connector/kubernetes-manifest.ts';

const variables = {
  DATASET_ID: 'ds_a',
  SOURCE_DATABASE_TYPE: 'postgres',
  SOURCE_DATABASE_HOST: 'erp.example',
  SOURCE_DATABASE_PORT: '5432',
  SOURCE_DATABASE_NAME: 'erp',
  SOURCE_DATABASE_SQL_QUERY: 'SELECT * FROM db.t',
  SOURCE_DATABASE_USER: 'ferry',
  SOURCE_DATABASE_PASSWORD: 'swordfish',
  PERSONAL_ACCESS_TOKEN: 'pak_1',
};
const env = (values: Record<string, unknown>) =>
  Object.entries(values).map(([name, value]) =>
    typeof value === 'object' ? { name, valueFrom: value } : { name, value },
  );
const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => !names.includes(name)));
const pod = (container: object, rest: object = {}) => ({
  containers: [{ name: 'c', ...container }],
  ...rest,
});
const deployment = (
  podSpec: object,
  { metadata = {}, ...spec }: { metadata?: object; replicas?: number } = {},
) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'berlin', ...metadata },
  spec: { ...spec, template: { spec: podSpec } },
});
const secret = (fields: object, name = 'creds') => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  ...fields,
});
const configMap = (data: object, name = 'shared') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

function read(...objects: object[]) {
  const text = objects.map((object) => stringify(object)).join('---\n');
  return readWorkloads(readManifest(text, 'all.yaml'));
}

describe('readWorkloads', () => {
  it('reads the variables of a Deployment', () => {
    const { connectors, warnings } = read(deployment(pod({ env: env(variables) })));
    expect(warnings).toEqual([]);
    expect(connectors).toMatchObject([
      {
        label: 'all.yaml (Deployment berlin)',
        names: ['berlin'],
        connector: {
          source: { host: 'erp.example', port: 5432 },
          login: { username: 'ferry', password: 'swordfish' },
          token: 'pak_1',
          sync: { duckdbQuery: 'SELECT * FROM db.t', schedule: { cron: '0 0 * * *', timezone: 'UTC' } },
        },
      },
    ]);
  });

  it('takes the later of envFrom, and env over both, with prefixes and references', () => {
    const container = {
      envFrom: [
        { configMapRef: { name: 'shared' } },
        { configMapRef: { name: 'other' } },
        { prefix: 'SOURCE_DATABASE_', secretRef: { name: 'creds' } },
      ],
      env: env({ ZONE: 'north', SOURCE_DATABASE_HOST: 'erp-$(ZONE)', DATASET_ID: 'ds_a', NOTE: '$$(ZONE)' }),
    };
    const { connectors } = read(
      configMap({ ...without('SOURCE_DATABASE_PASSWORD', 'DATASET_ID'), SOURCE_DATABASE_NAME: 'first' }),
      configMap({ SOURCE_DATABASE_NAME: 'second' }, 'other'),
      secret({ data: { PASSWORD: Buffer.from('pä ss').toString('base64') }, stringData: { USER: 'plain' } }),
      deployment(pod(container)),
    );
    expect(connectors[0]?.connector).toMatchObject({
      source: { host: 'erp-north', database: 'second' },
      login: { username: 'plain', password: 'pä ss' },
    });
  });

  it('follows secretKeyRef and configMapKeyRef, within the namespace', () => {
    const here = { metadata: { namespace: 'hr' } };
    const { connectors } = read(
      { ...secret({ stringData: { key: 'pak_wrong' } }), metadata: { name: 'creds', namespace: 'other' } },
      { ...secret({ stringData: { key: 'pak_right' } }), metadata: { name: 'creds', namespace: 'hr' } },
      configMap({ 'dataset.id': 'ds_map' }),
      deployment(
        pod({
          env: env({
            ...without('PERSONAL_ACCESS_TOKEN', 'DATASET_ID'),
            PERSONAL_ACCESS_TOKEN: { secretKeyRef: { name: 'creds', key: 'key' } },
            DATASET_ID: { configMapKeyRef: { name: 'shared', key: 'dataset.id' } },
          }),
        }),
        here,
      ),
    );
    expect(connectors[0]).toMatchObject({
      names: ['berlin', 'hr-berlin'],
      connector: { token: 'pak_right', sync: { dataset: 'ds_map' } },
    });
  });

  it('remembers where a credential is that the files do not contain', () => {
    const { connectors, warnings } = read(
      deployment(
        pod({
          envFrom: [{ secretRef: { name: 'login' } }],
          env: env({
            ...without('PERSONAL_ACCESS_TOKEN', 'SOURCE_DATABASE_PASSWORD'),
            PERSONAL_ACCESS_TOKEN: { secretKeyRef: { name: 'polyteia', key: 'pak' } },
          }),
        }),
      ),
    );
    expect(warnings).toEqual([]);
    expect(connectors[0]?.connector).toMatchObject({
      login: { username: 'ferry', password: { secret: 'login', key: 'SOURCE_DATABASE_PASSWORD' } },
      token: { secret: 'polyteia', key: 'pak' },
    });
  });

  it.each([
    ['without quotes, which YAML takes for fields', '{{ .Values.db }}'],
    ['in quotes', '"{{ .Values.db }}"'],
    ['of several values', '"a-{{ .Values.db }}-{{ .Release.Name }}"'],
  ])('leaves out a Helm template that is not rendered: %s', (_how, value) => {
    const rest = stringify({ data: without('SOURCE_DATABASE_NAME') });
    const map = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shared }\n${rest}  SOURCE_DATABASE_NAME: ${value}\n`;
    const user = stringify(deployment(pod({ envFrom: [{ configMapRef: { name: 'shared' } }] })));
    const own = stringify(deployment(pod({ env: env(without('SOURCE_DATABASE_NAME')) })));
    const direct = `${own}            - { name: SOURCE_DATABASE_NAME, value: ${value} }\n`;
    for (const text of [`${map}---\n${user}`, direct]) {
      const { connectors, leftOut } = readWorkloads(readManifest(text, 'all.yaml'));
      expect(connectors).toEqual([]);
      expect(leftOut).toEqual([
        'left out: all.yaml (Deployment berlin): a Helm template that is not rendered: SOURCE_DATABASE_NAME. Render it first: helm template … > rendered.yaml',
      ]);
    }
  });

  it('says which credential ends in a line break, and keeps it', () => {
    const { connectors, warnings } = read(
      secret({ data: { P: Buffer.from('pä ss\n').toString('base64') } }),
      deployment(
        pod({
          env: env({
            ...without('SOURCE_DATABASE_PASSWORD'),
            SOURCE_DATABASE_PASSWORD: { secretKeyRef: { name: 'creds', key: 'P' } },
          }),
        }),
      ),
    );
    expect(connectors[0]?.connector.login.password).toBe('pä ss\n');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('SOURCE_DATABASE_PASSWORD ends in a line break');
  });

  const cronJob = (spec: object, values: object = variables) => ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly' },
    spec: { ...spec, jobTemplate: { spec: { template: { spec: pod({ env: env({ ...values }) }) } } } },
  });

  it.each([
    [cronJob({ schedule: '0 4 * * *' }), { cron: '0 4 * * *', timezone: 'UTC' }, []],
    [
      cronJob({ schedule: '0 4 * * *', timeZone: 'Europe/Berlin', suspend: true }),
      { cron: '0 4 * * *', timezone: 'Europe/Berlin', enabled: false },
      [/suspended, so its schedule is disabled/],
    ],
    [
      cronJob({ schedule: '0 4 * * *' }, { ...variables, CRON_SCHEDULE: '@hourly' }),
      { cron: '@hourly', timezone: 'UTC' },
      [/CRON_SCHEDULE \(@hourly\) is used, not the schedule of the CronJob \(0 4 \* \* \*\)/],
    ],
    [
      deployment(pod({ env: env(variables) }), { replicas: 0 }),
      { cron: '0 0 * * *', timezone: 'UTC', enabled: false },
      [/scaled to 0/],
    ],
  ])('takes the schedule of a workload (%#)', (object, schedule, expected) => {
    const { connectors, warnings } = read(object);
    expect(connectors[0]?.connector.sync.schedule).toEqual(schedule);
    expect(warnings).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(warnings[index]).toMatch(pattern);
  });

  it.each([
    [
      'a variable is missing',
      deployment(pod({ env: env(without('DATASET_ID')) })),
      /left out: .*\n.*DATASET_ID: missing/,
    ],
    [
      'a ConfigMap is',
      deployment(pod({ envFrom: [{ configMapRef: { name: 'gone' } }], env: env(variables) })),
      /the ConfigMap gone is not in the given files/,
    ],
    [
      'a key is',
      deployment(
        pod({ env: env({ ...variables, LOG_LEVEL: { configMapKeyRef: { name: 'gone', key: 'x' } } }) }),
      ),
      /LOG_LEVEL: the key x of the ConfigMap gone is not/,
    ],
    [
      'only Kubernetes knows',
      deployment(pod({ env: env({ ...variables, NODE: { fieldRef: { fieldPath: 'spec.nodeName' } } }) })),
      /NODE comes from fieldRef/,
    ],
    [
      'it is SQL Server',
      deployment(pod({ env: env({ ...variables, SOURCE_DATABASE_TYPE: 'mssql' }) })),
      /left out: .*\n.*not SQL Server/,
    ],
    [
      'it has no variable at all',
      deployment(pod({ image: 'ghcr.io/polyteia/connector:1' })),
      /left out: .*DATASET_ID: missing/s,
    ],
  ])('says when %s', (_what, object, expected) => {
    const { leftOut, warnings } = read(object);
    expect([...leftOut, ...warnings].join('\n')).toMatch(expected);
  });

  it('says when a mounted .env file would win', () => {
    const volumes = [{ name: 'v', secret: { secretName: 'creds' } }];
    const { warnings } = read(
      secret({ stringData: { '.env': 'A=1' } }),
      deployment(pod({ env: env(variables) }, { volumes })),
    );
    expect(warnings.join()).toContain('a .env file is mounted');
  });

  it('ignores other workloads, and sidecars', () => {
    const other = { name: 'proxy', image: 'envoy', env: env({ PERSONAL_ACCESS_TOKEN: 'x' }) };
    const both = { containers: [other, { name: 'c', env: env(variables) }] };
    expect(read(deployment({ containers: [other] })).warnings).toEqual([]);
    expect(read(deployment(both)).connectors.map(({ names }) => names)).toEqual([['berlin']]);
  });

  it('distinguishes two connectors in one pod by their containers', () => {
    const containers = ['a', 'b'].map((name) => ({
      name,
      env: env({ ...variables, DATASET_ID: `ds_${name}` }),
    }));
    expect(read(deployment({ containers })).connectors).toMatchObject([
      { label: 'all.yaml (Deployment berlin container a)', names: ['berlin-a'] },
      { label: 'all.yaml (Deployment berlin container b)', names: ['berlin-b'] },
    ]);
  });
});

describe('readManifest', () => {
  it('splits a List, and ignores anything that is not a Kubernetes object', () => {
    const items = [configMap({ A: '1' }), secret({})];
    const text = `${stringify({ apiVersion: 'v1', kind: 'List', items })}---\nversion: 1\n---\n`;
    expect(readManifest(text, 'x.yaml').map(({ object }) => object.kind)).toEqual(['ConfigMap', 'Secret']);
    expect(readManifest('', 'x.yaml')).toEqual([]);
    expect(readManifest(JSON.stringify(items[0]), 'x.json')).toHaveLength(1);
  });

  it('explains a template', () => {
    expect(() => readManifest('a: {{ .Values.x }}\nb: {{', 'chart.yaml')).toThrow(
      /chart\.yaml is not valid YAML/,
    );
  });
});
