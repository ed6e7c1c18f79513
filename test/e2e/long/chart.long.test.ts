import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Document, parse, parseAllDocuments, stringify } from 'yaml';
import { guideValues } from '../../support/helm/guide.ts';
import { helmProgram } from '../../support/helm/helm.ts';
import { validateManifests } from '../../support/helm/validate-manifests.ts';

const run = promisify(execFile);
const CHART = fileURLToPath(new URL('../../../charts/ferry', import.meta.url));
const CONNECTOR = fileURLToPath(new URL('../../fixtures/polyteia-db-connector/values.yaml', import.meta.url));
// The oldest with all that the chart makes that is still in wide use, and the newest that the validator knows.
const RELEASES = ['1.25', '1.37'];

// biome-ignore lint/suspicious/noExplicitAny: what it holds is what is tested
type Manifest = any;

let helm: string;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-chart-'));
  helm = await helmProgram();
  // Compiling it takes three minutes of a processor, which others may be using.
}, 1_800_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs helm with nothing of this machine's configuration. */
async function runHelm(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(helm, args, { env: { HOME: folder, PATH: process.env.PATH } });
  // A warning is about values that do not fit.
  expect(stderr).toBe('');
  return stdout;
}

/** What `helm template` makes of values. */
async function render(values: object, ...args: string[]): Promise<string> {
  const file = join(folder, 'values.yaml');
  await writeFile(file, stringify({ imageRepository: 'registry.example.org/ferry', ...values }));
  return template('--values', file, ...args);
}

function template(...args: string[]): Promise<string> {
  return runHelm('template', 'town', CHART, '--namespace', 'polyteia', '--kube-version', '1.34', ...args);
}

function manifestsIn(text: string): Record<string, Manifest> {
  const manifests = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  return Object.fromEntries(manifests.map((manifest) => [manifest.kind, manifest]));
}

const S3 = { s3: { bucket: 'ferry-state', endpoint: 'https://s3.example.org', pathStyle: true } };
const CLAIM = { persistence: { enabled: true, storageClass: 'fast' } };
const SHARED_CLAIM = {
  persistence: { enabled: true, accessModes: ['ReadWriteMany'], existingClaim: 'ferry' },
};
const config = { version: 1, syncs: { orders: { guards: { maxRows: 10_000_000 } } } };
const ALL = {
  config,
  secrets: { secretName: 'ferry' },
  state: S3,
  replicas: 2,
  api: { enabled: true, tokenSecret: { name: 'ferry-api' } },
  podDisruptionBudget: { enabled: true },
  podAnnotations: { 'example.org/team': 'data' },
  podSecurityContext: { runAsUser: null, runAsGroup: null, fsGroup: null },
  nodeSelector: { 'kubernetes.io/arch': 'arm64' },
  tolerations: [{ key: 'batch', operator: 'Exists' }],
  affinity: { podAntiAffinity: {} },
  volumes: [{ name: 'ca', configMap: { name: 'town-ca' } }],
  volumeMounts: [{ name: 'ca', mountPath: '/etc/town-ca' }],
  networkPolicy: { enabled: true, policyTypes: ['Egress'], egress: [{ ports: [{ port: 5432 }] }] },
};

it('passes helm lint', async () => {
  expect(await runHelm('lint', '--strict', CHART, '--set', 'imageRepository=x/ferry')).toContain(
    '0 chart(s) failed',
  );
  expect(await runHelm('lint', '--strict', CHART, '--values', CONNECTOR)).toContain('0 chart(s) failed');
});

it('makes what fits the schemas of Kubernetes', async () => {
  const network = { enabled: true, policyTypes: ['Ingress'], ingress: { ports: [{ port: 8080 }] } };
  // The validator takes a second to start, and half a second for each object.
  const kindsThatFit = async (releases: readonly string[], ...variants: object[]) => {
    const texts: string[] = [];
    for (const values of variants) texts.push(await render(values));
    const { passed, problems } = await validateManifests(texts.join('\n---\n'), folder, releases);
    expect(problems).toEqual([]);
    return passed.map((name) => name.split('/')[0]).sort();
  };
  const all = ['configmap', 'deployment', 'networkpolicy', 'persistentvolumeclaim', 'poddisruptionbudget'];
  // A service and no bucket.
  const kinds = await kindsThatFit(RELEASES, {
    ...ALL,
    state: { persistence: { ...CLAIM.persistence, accessModes: ['ReadWriteMany'] } },
  });
  expect([...new Set(kinds)]).toEqual([...all, 'service']);
  expect(kinds).toHaveLength(6 * RELEASES.length);
  // No more than an image; a claim that exists, for two; one rule for a network, not a list.
  const variants = [{}, { state: SHARED_CLAIM, replicas: 2 }, { networkPolicy: network }];
  expect(await kindsThatFit(['1.37'], ...variants)).toEqual([
    'deployment',
    'deployment',
    'deployment',
    'networkpolicy',
  ]);

  const wrong = (await render({})).replace('replicas: 1', 'replicaz: 1');
  expect((await validateManifests(wrong, folder, ['1.37'])).problems).toEqual([
    expect.stringContaining("'replicaz' was unexpected"),
  ]);
});

describe("the connector's values file, unchanged", () => {
  let text: string;
  let pod: Manifest;
  let container: Manifest;
  let manifests: Record<string, Manifest>;
  beforeAll(async () => {
    text = await template('--values', CONNECTOR);
    manifests = manifestsIn(text);
    pod = manifests.Deployment.spec.template.spec;
    [container] = pod.containers;
  });

  it('makes a deployment and a network policy of the same names', async () => {
    const { problems } = await validateManifests(text, folder, RELEASES);
    expect(problems).toEqual([]);
    expect(Object.keys(manifests).sort()).toEqual(['Deployment', 'NetworkPolicy']);
    for (const { metadata } of Object.values(manifests))
      expect(metadata).toMatchObject({ name: 'polyteia-db-connector', namespace: 'default' });
    expect(manifests.Deployment.spec).toMatchObject({
      replicas: 1,
      selector: { matchLabels: { app: 'polyteia-db-connector' } },
      // Its state is in the pod: two of them at once would run a job twice.
      strategy: { type: 'Recreate' },
    });
    expect(pod).toMatchObject({
      serviceAccountName: 'default',
      imagePullSecrets: [{ name: 'registry-login' }],
    });
    expect(container).toMatchObject({
      name: 'polyteia-db-connector',
      image: 'registry.example.org/polyteia-db-connector:main',
      imagePullPolicy: 'Always',
      envFrom: [{ secretRef: { name: 'polyteia' } }],
      resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } },
    });
    expect(manifests.NetworkPolicy.spec).toEqual({
      podSelector: { matchLabels: { app: 'polyteia-db-connector' } },
      policyTypes: ['Ingress', 'Egress'],
    });
  });

  it('keeps its variables as they are, and adds one', () => {
    const names = container.env.map(({ name }: { name: string }) => name);
    expect(names).toEqual([
      'FERRY_GRACE',
      'DATASET_ID',
      'CRON_SCHEDULE',
      'LOG_FORMAT',
      'SOURCE_DATABASE_HOST',
      'SOURCE_DATABASE_PORT',
      'SOURCE_DATABASE_USER',
      'SOURCE_DATABASE_NAME',
      'SOURCE_DATABASE_TYPE',
      'SOURCE_DATABASE_SQL_QUERY',
      'SOURCE_DATABASE_PASSWORD',
    ]);
    expect(container.env[5]).toEqual({ name: 'SOURCE_DATABASE_PORT', value: '5432' });
    expect(container.env[10].valueFrom).toEqual({ secretKeyRef: { name: 'erp', key: 'password' } });
  });

  it('runs with the same rights, and has room for what it writes', () => {
    expect(pod.securityContext).toMatchObject({ runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532 });
    expect(container.securityContext).toEqual({
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      privileged: false,
      capabilities: { drop: ['ALL'] },
    });
    expect(container.ports).toEqual([{ name: 'http', containerPort: 8080 }]);
    expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'http' });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
    expect(container.volumeMounts).toEqual([
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'state', mountPath: '/ferry/.ferry' },
    ]);
    expect(pod.volumes).toEqual([
      { name: 'tmp', emptyDir: { sizeLimit: '2Gi' } },
      { name: 'state', emptyDir: {} },
    ]);
    expect(pod.terminationGracePeriodSeconds).toBe(40);
  });
});

it('renders each values file of docs/serve.md', async () => {
  const guides = guideValues();
  expect(guides).toHaveLength(4);
  for (const guide of guides) {
    const file = join(folder, 'guide.yaml');
    await writeFile(file, guide);
    const { Deployment } = manifestsIn(await template('--values', file));
    const [{ image }] = Deployment.spec.template.spec.containers;
    expect(image).toBe('registry.example.org/ferry:0.1.0');
  }
});

describe('what Ferry’s values make', () => {
  const deploymentOf = async (values: object) => manifestsIn(await render(values)).Deployment;
  const environmentOf = async (values: object) => {
    const { env } = (await deploymentOf(values)).spec.template.spec.containers[0];
    return Object.fromEntries(env.map(({ name, value, valueFrom }: Manifest) => [name, value ?? valueFrom]));
  };

  it('is in the namespace of the release, and has the version of the chart', async () => {
    const { metadata, spec } = await deploymentOf({});
    expect(metadata.namespace).toBe('polyteia');
    expect(spec.template.spec.containers[0].image).toBe('registry.example.org/ferry:0.1.0');
  });

  it('are variables that ferry serve reads', async () => {
    expect(await environmentOf(ALL)).toEqual({
      FERRY_GRACE: '25s',
      FERRY_CONFIG: '/etc/ferry/ferry.yaml',
      FERRY_SECRETS: '/etc/ferry-secrets/secrets.json',
      FERRY_STATE: 's3://ferry-state',
      FERRY_S3_ENDPOINT: 'https://s3.example.org',
      FERRY_S3_PATH_STYLE: 'true',
      FERRY_API_HOST: '0.0.0.0',
      FERRY_API_PORT: '8000',
      FERRY_API_TOKEN: { secretKeyRef: { name: 'ferry-api', key: 'token' } },
    });
  });

  it('gives way to `env`, where a name stands once', async () => {
    const env = [
      { name: 'FERRY_GRACE', value: '5s' },
      { name: 'HEALTH_CHECK_PORT', value: '9090' },
    ];
    const { spec } = await deploymentOf({ env });
    const [container] = spec.template.spec.containers;
    expect(container.env).toEqual(env);
    expect(container.ports).toEqual([{ name: 'http', containerPort: 9090 }]);
  });

  it('takes an empty `env`, of which all entries were removed', async () => {
    const { spec } = await deploymentOf({ env: null });
    expect(spec.template.spec.containers[0].env).toEqual([{ name: 'FERRY_GRACE', value: '25s' }]);
  });

  it.each([
    [`0.1.0@sha256:${'0f'.repeat(32)}`, '0.1.0'],
    [`_${'a'.repeat(62)}-b`, 'a'.repeat(62)],
  ])('labels the image %s with what a label can be', async (version, label) => {
    const { metadata, spec } = await deploymentOf({ version });
    expect(metadata.labels['app.kubernetes.io/version']).toBe(label);
    expect(spec.template.spec.containers[0].image).toBe(`registry.example.org/ferry:${version}`);
  });

  it('writes ferry.yaml as it was, from YAML and from a file', async () => {
    const inYaml = manifestsIn(await render({ config })).ConfigMap.data['ferry.yaml'];
    expect(parseAllDocuments(inYaml).map((document) => document.toJS())).toEqual([config]);
    const file = join(folder, 'ferry.yaml');
    const content =
      'version: 1\n\nsyncs:\n  orders: # a comment\n    query: |\n      SELECT 1\n\n      FROM x\n';
    await writeFile(file, content);
    expect(manifestsIn(await render({}, '--set-file', `config=${file}`)).ConfigMap.data['ferry.yaml']).toBe(
      content,
    );
  });

  it('starts new pods when the configuration changes', async () => {
    const checksum = async (values: object) =>
      (await deploymentOf(values)).spec.template.metadata.annotations['checksum/config'];
    expect(await checksum({ config })).toBe(await checksum({ config, replicas: 0 }));
    expect(await checksum({ config })).not.toBe(await checksum({ config: { version: 2 } }));
  });

  it('has its own checksum once, whatever annotations there are', async () => {
    const podAnnotations = { 'checksum/config': 'x', 'example.org/team': 'data' };
    // Twice, it would be no YAML.
    expect((await render({ podAnnotations })).match(/checksum\/config/g)).toHaveLength(1);
  });

  it.each([
    ['registry:5000/ferry@sha256', 'a'.repeat(64), '.5Gi'],
    ['localhost/team__a/ferry', '0.1.0', '1.Gi'],
    ['ferry', '0.1.0', 1024],
  ])('runs the image %s:%s, with %s of space', async (imageRepository, version, sizeLimit) => {
    const { spec } = await deploymentOf({ imageRepository, version, tmp: { sizeLimit } });
    expect(spec.template.spec.containers[0].image).toBe(`${imageRepository}:${version}`);
  });

  it('replaces a pod at once when only one pod can have the state', async () => {
    const strategy = async (values: object) => (await deploymentOf(values)).spec.strategy;
    expect(await strategy({ state: CLAIM })).toEqual({ type: 'Recreate' });
    expect(await strategy({ state: SHARED_CLAIM })).toBeUndefined();
    expect(await strategy({ state: S3 })).toBeUndefined();
  });

  it('leaves users to a cluster that assigns them', async () => {
    const { securityContext } = (await deploymentOf(ALL)).spec.template.spec;
    expect(securityContext).not.toHaveProperty('runAsUser');
    expect(securityContext.seccompProfile).toEqual({ type: 'RuntimeDefault' });
  });
});

/** The paths of all values of a chart, groups included. */
function pathsIn(values: object, above: readonly string[] = []): string[][] {
  return Object.entries(values).flatMap(([name, value]) => {
    const path = [...above, name];
    const isGroup = value !== null && typeof value === 'object' && !Array.isArray(value);
    return [path, ...(isGroup ? pathsIn(value, path) : [])];
  });
}

describe('a value that is empty', () => {
  const own = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as object;

  const optional = pathsIn(own).filter(([name]) => name !== 'imageRepository');
  it.each(optional.map((path) => [path.join('.'), path] as const))(
    'counts as one that is left out: %s',
    async (_name, path) => {
      const renderWithout = (change: (document: Document) => void) => {
        const document = new Document({ imageRepository: 'registry.example.org/ferry', ...ALL });
        change(document);
        return render(document.toJS()).catch((error: Error & { stderr: string }) => error.stderr);
      };
      const expected = await renderWithout((document) => {
        if (document.hasIn(path)) document.deleteIn(path);
      });
      const found = await renderWithout((document) => document.setIn(path, null));
      expect(found).toBe(expected);
      expect(found).not.toContain('nil pointer');
    },
  );

  it('has the default of values.yaml', async () => {
    const empty = Object.fromEntries(Object.keys(own).map((name) => [name, null]));
    const { imageRepository: _required, ...others } = empty;
    expect(await render(others)).toBe(await render({}));
  });
});

describe('it refuses', () => {
  it.each([
    ['no image', { imageRepository: '' }, /imageRepository: where you pushed the image to/],
    ['an unknown value', { replica: 2 }, /additional properties 'replica' not allowed/],
    ['two pods, each with its own state', { replicas: 2 }, /replicas: more than one need a state/],
    ['two pods with a claim for one', { replicas: 2, state: CLAIM }, /accessModes \[ReadWriteMany\]/],
    ['two states', { state: { ...S3, ...CLAIM } }, /choose one of the two/],
    ['an API that anybody could call', { config, api: { enabled: true } }, /api\.tokenSecret\.name/],
    [
      'an API without a secret, because its group is empty',
      { config, api: { enabled: true, tokenSecret: null } },
      /api\.tokenSecret\.name/,
    ],
    [
      'an API at the port of the health checks',
      { ...ALL, api: { ...ALL.api, port: 8080 } },
      /api\.port: 8080 is the port of \/healthz/,
    ],
    [
      'the name of a service that Kubernetes does not take',
      { ...ALL, app: '4711-orders' },
      /app: with api\.enabled it is the name of a service/,
    ],
    ['an image as an address', { imageRepository: 'https://registry.example.org/ferry' }, /imageRepository/],
    ['an image with its tag', { imageRepository: 'registry.example.org/ferry:0.1.0' }, /imageRepository/],
    ['an image with a number as its tag', { imageRepository: 'ferry:5000' }, /imageRepository/],
    ['a tag with a space', { version: '0.1.0 ' }, /version/],
    ['a size that is none', { tmp: { sizeLimit: '1.5.5Gi' } }, /sizeLimit/],
    ['a key of a secret that is none', { secrets: { secretName: 'x', key: 'a/b' } }, /key/],
    ['a number of pods that is none', { podDisruptionBudget: { minAvailable: 'all' } }, /minAvailable/],
    [
      'a port of the health checks that is none',
      { env: [{ name: 'HEALTH_CHECK_PORT', value: 'http' }] },
      /env: HEALTH_CHECK_PORT is not a port: http/,
    ],
    [
      'a variable twice, of which Kubernetes keeps one',
      { env: [1, 2].map((value) => ({ name: 'DATASET_ID', value: String(value) })) },
      /env: DATASET_ID is set twice/,
    ],
    [
      'an API without jobs, because ferry.yaml is blank',
      { config: ' \n', api: ALL.api },
      /only with `config`/,
    ],
    ['an API without jobs', { api: { ...ALL.api } }, /there is an API only with `config`/],
    [
      'a number as a variable',
      { env: [{ name: 'SOURCE_DATABASE_PORT', value: 5432 }] },
      /got number, want string/,
    ],
    ['a bucket as an address', { state: { s3: { bucket: 's3://ferry' } } }, /does not match pattern/],
  ])('%s', async (_what, values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });
});
