import { parseAllDocuments } from 'yaml';
import { ConfigError } from '../../errors.ts';
import { CREDENTIALS, isConnectorEnvironment, readConnector, type SecretValue } from './connector.ts';
import type { Findings } from './found-connector.ts';
import {
  asList,
  asPlain,
  asText,
  type ContainerEnvironment,
  dataOf,
  isTemplate,
  type KubernetesData,
  type Plain,
  resolveEnvironment,
} from './kubernetes-environment.ts';
import { CONNECTOR_VARIABLES } from './variable-names.ts';

/** One object of a manifest. */
export interface KubernetesObject {
  file: string;
  object: Plain;
}

const podSpecOf: Readonly<Record<string, (object: Plain) => Plain>> = {
  Pod: (object) => asPlain(object.spec),
  Deployment: templateSpec,
  StatefulSet: templateSpec,
  DaemonSet: templateSpec,
  ReplicaSet: templateSpec,
  Job: templateSpec,
  CronJob: (object) => templateSpec(asPlain(asPlain(object.spec).jobTemplate)),
};

function templateSpec(object: Plain): Plain {
  return asPlain(asPlain(asPlain(object.spec).template).spec);
}

const RENDER = 'helm template … > rendered.yaml';

/**
 * The objects of a YAML or JSON file, those of a List one by one; [] for a file with anything else.
 *
 * @throws ConfigError when it is not YAML
 */
export function readManifest(text: string, file: string): KubernetesObject[] {
  const documents = parseAllDocuments(text, { prettyErrors: false, merge: true, logLevel: 'error' });
  if ('empty' in documents) return [];
  if (documents.some(({ errors }) => errors.length > 0)) {
    throw new ConfigError(`${file} is not valid YAML.`, {
      hint: `Render a Helm template first: ${RENDER}`,
    });
  }
  const objects = documents.map((document) => asPlain(document.toJS({ maxAliasCount: 1000 })));
  return objects
    .flatMap((object) => (asText(object.kind)?.endsWith('List') ? asList(object.items) : [object]))
    .filter((object) => asText(object.apiVersion) && asText(object.kind))
    .map((object) => ({ file, object }));
}

const nameOf = (object: Plain) => asText(asPlain(object.metadata).name);
const namespaceOf = (object: Plain) => asText(asPlain(object.metadata).namespace);

/** Objects by kind, namespace and name; one without a namespace belongs to the namespace it is applied to. */
function indexData(objects: readonly KubernetesObject[]): KubernetesData {
  const index = new Map<string, Plain>();
  const key = (...parts: (string | undefined)[]) => JSON.stringify(parts);
  for (const { object } of objects)
    index.set(key(asText(object.kind), namespaceOf(object), nameOf(object)), object);
  return {
    find: (kind, namespace, name) =>
      index.get(key(kind, namespace, name)) ?? index.get(key(kind, undefined, name)),
  };
}

/** The connectors that the workloads of all files together run. */
export function readWorkloads(objects: readonly KubernetesObject[]): Findings {
  const data = indexData(objects);
  const findings: Findings = { connectors: [], leftOut: [], warnings: [] };
  for (const { file, object } of objects) {
    const spec = podSpecOf[asText(object.kind) ?? '']?.(object);
    if (!spec) continue;
    const containers = asList(spec.containers)
      .map((container) => ({
        container,
        environment: resolveEnvironment(container, namespaceOf(object), data),
      }))
      .filter(({ container, environment }) => isConnector(container, environment));
    for (const { container, environment } of containers) {
      const several = containers.length > 1 ? ` container ${asText(container.name)}` : '';
      const label = `${file} (${object.kind} ${nameOf(object)}${several})`;
      readContainer(object, container, environment, { label, several: several !== '' }, findings);
      if (mountsEnvFile(spec, namespaceOf(object), data)) {
        findings.warnings.push(
          `${label}: a .env file is mounted, which takes precedence over the variables; extract it from the ConfigMap or Secret and name it too`,
        );
      }
    }
  }
  return findings;
}

// A sidecar is not the connector, even if it has its name.
function isConnector({ image }: Plain, { variables, unseen }: ContainerEnvironment): boolean {
  const names = [...Object.keys(variables), ...Object.keys(unseen)];
  return isConnectorEnvironment(names) || /polyteia.*connector|connector.*polyteia/i.test(String(image));
}

function mountsEnvFile(spec: Plain, namespace: string | undefined, data: KubernetesData): boolean {
  return asList(spec.volumes).some((volume) => {
    const secret = asText(asPlain(volume.secret).secretName);
    const configMap = asText(asPlain(volume.configMap).name);
    const object =
      (secret && data.find('Secret', namespace, secret)) ||
      (configMap && data.find('ConfigMap', namespace, configMap));
    return object ? Object.keys(dataOf(object)).includes('.env') : false;
  });
}

/** Credentials in Secrets that the files do not contain: named by key, or part of a Secret that is used as a whole. */
function unseenCredentials(
  { variables, unseen, unseenSecrets }: ContainerEnvironment,
  namespace: string | undefined,
): Record<string, SecretValue> {
  const found: Record<string, SecretValue> = {};
  for (const name of CREDENTIALS) {
    const whole = unseenSecrets.findLast(({ prefix }) => name.startsWith(prefix));
    if (unseen[name] !== undefined) found[name] = unseen[name];
    else if (variables[name] === undefined && whole)
      found[name] = { secret: whole.secret, key: name.slice(whole.prefix.length), namespace };
  }
  return found;
}

function readContainer(
  object: Plain,
  container: Plain,
  environment: ContainerEnvironment,
  { label, several }: { label: string; several: boolean },
  findings: Findings,
): void {
  const spec = asPlain(object.spec);
  const variables = { ...environment.variables };
  const warn = (text: string) => findings.warnings.push(`${label}: ${text}`);
  for (const warning of environment.warnings) warn(warning);
  const templates = CONNECTOR_VARIABLES.filter((name) => isTemplate(variables[name]));
  if (templates.length > 0) {
    findings.leftOut.push(
      `left out: ${label}: a Helm template that is not rendered: ${templates.join(', ')}. Render it first: ${RENDER}`,
    );
    return;
  }
  for (const name of CREDENTIALS)
    if (/[\r\n]$/.test(variables[name] ?? ''))
      warn(
        `${name} ends in a line break, as \`echo … | base64\` writes it; Kubernetes passes it on, and so does Ferry. If the login is refused, remove it there`,
      );
  const cron = asText(spec.schedule);
  if (object.kind === 'CronJob' && cron !== undefined) {
    if (variables.CRON_SCHEDULE?.trim()) {
      warn(
        `CRON_SCHEDULE (${variables.CRON_SCHEDULE.trim()}) is used, not the schedule of the CronJob (${cron})`,
      );
    } else {
      variables.CRON_SCHEDULE = cron;
      // The CronJob's own zone, which differs from the container's.
      variables.TZ = '';
      const zone = asText(spec.timeZone);
      if (zone !== undefined) variables.CRON_SCHEDULE = `CRON_TZ=${zone} ${cron}`;
    }
  }
  try {
    const unseen = unseenCredentials(environment, namespaceOf(object));
    const connector = readConnector(variables, { label, unseen });
    if ((spec.replicas === 0 || spec.suspend === true) && connector.sync.schedule) {
      warn(`it is ${spec.suspend === true ? 'suspended' : 'scaled to 0'}, so its schedule is disabled`);
      connector.sync.schedule.enabled = false;
    }
    const name = `${nameOf(object)}${several ? `-${asText(container.name)}` : ''}`;
    const namespace = namespaceOf(object);
    findings.connectors.push({
      label,
      names: [name, ...(namespace ? [`${namespace}-${name}`] : [])],
      connector,
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    findings.leftOut.push(`left out: ${error.message}`);
  }
}
