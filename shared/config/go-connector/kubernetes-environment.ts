import type { SecretValue } from './connector.ts';

/** A group of fields whose contents are not yet checked. */
export type Plain = Readonly<Record<string, unknown>>;

/** The value as a group of fields; an empty one for any other value. */
export const asPlain = (value: unknown): Plain =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Plain) : {};
/** The value as a list of groups of fields. */
export const asList = (value: unknown): Plain[] => (Array.isArray(value) ? value.map(asPlain) : []);
/** The value as text; undefined when it is not text, or empty. */
export const asText = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** The value as a container gets it. A template without quotes around it, `{{ … }}`, is a group of fields to YAML. */
const asValue = (value: unknown) =>
  value !== null && typeof value === 'object' ? '{{ … }}' : String(value ?? '');

/** Whether a value is still that of a Helm template. */
export const isTemplate = (value: string | undefined) => value !== undefined && /\{\{.*\}\}/s.test(value);

/** The ConfigMaps and Secrets of the given files. */
export interface KubernetesData {
  find(kind: 'ConfigMap' | 'Secret', namespace: string | undefined, name: string): Plain | undefined;
}

/** The environment of one container. */
export interface ContainerEnvironment {
  variables: Record<string, string>;
  /** Variables whose value is in a Secret that the files do not contain. */
  unseen: Record<string, SecretValue>;
  /** Secrets that are used as a whole (envFrom), and that the files do not contain. */
  unseenSecrets: { secret: string; prefix: string }[];
  warnings: string[];
}

/** Keys and values of a ConfigMap or Secret. A Secret's values are base64, except in stringData. */
export function dataOf(object: Plain): Record<string, string> {
  const decode = (value: unknown) =>
    object.kind === 'Secret' && !isTemplate(asValue(value))
      ? Buffer.from(asValue(value), 'base64').toString('utf8')
      : asValue(value);
  const data = Object.entries(asPlain(object.data)).map(([key, value]) => [key, decode(value)] as const);
  const plain = object.kind === 'Secret' ? Object.entries(asPlain(object.stringData)) : [];
  return Object.fromEntries([...data, ...plain.map(([key, value]) => [key, asValue(value)] as const)]);
}

/** Replaces `$(NAME)` by a variable from further up, and `$$(NAME)` by `$(NAME)`; an unknown name stays as it is. */
function expandReferences(value: string, variables: Readonly<Record<string, string>>): string {
  return value.replaceAll(/\$\$|\$\(([^)]*)\)/g, (match, name: string | undefined) =>
    name === undefined ? '$' : Object.hasOwn(variables, name) ? (variables[name] ?? match) : match,
  );
}

/**
 * The result of a container's `envFrom` and `env` in Kubernetes' order: later entries win, and `env` over `envFrom`.
 */
export function resolveEnvironment(
  container: Plain,
  namespace: string | undefined,
  data: KubernetesData,
): ContainerEnvironment {
  const result: ContainerEnvironment = { variables: {}, unseen: {}, unseenSecrets: [], warnings: [] };
  for (const entry of asList(container.envFrom)) addWhole(entry, namespace, data, result);
  for (const entry of asList(container.env)) addOne(entry, namespace, data, result);
  return result;
}

function addWhole(
  entry: Plain,
  namespace: string | undefined,
  data: KubernetesData,
  { variables, unseenSecrets, warnings }: ContainerEnvironment,
): void {
  const prefix = asText(entry.prefix) ?? '';
  const kind = entry.secretRef ? 'Secret' : 'ConfigMap';
  const reference = asPlain(entry.secretRef ?? entry.configMapRef);
  const name = asText(reference.name);
  if (name === undefined) return;
  const object = data.find(kind, namespace, name);
  if (object) {
    for (const [key, value] of Object.entries(dataOf(object))) variables[prefix + key] = value;
  } else if (kind === 'Secret') {
    unseenSecrets.push({ secret: name, prefix });
  } else if (reference.optional !== true) {
    warnings.push(`the ConfigMap ${name} is not in the given files`);
  }
}

function addOne(
  entry: Plain,
  namespace: string | undefined,
  data: KubernetesData,
  { variables, unseen, warnings }: ContainerEnvironment,
): void {
  const name = asText(entry.name);
  if (name === undefined) return;
  const from = asPlain(entry.valueFrom);
  // This one counts, whatever set it before.
  delete variables[name];
  delete unseen[name];
  if (entry.valueFrom === undefined) {
    variables[name] = expandReferences(asValue(entry.value), variables);
    return;
  }
  const kind = from.secretKeyRef ? 'Secret' : 'ConfigMap';
  const reference = asPlain(from.secretKeyRef ?? from.configMapKeyRef);
  const [object, key] = [asText(reference.name), asText(reference.key)];
  if (object === undefined || key === undefined) {
    warnings.push(`${name} comes from ${Object.keys(from)[0] ?? 'nowhere'}, which only Kubernetes knows`);
    return;
  }
  const found = data.find(kind, namespace, object);
  const values = found ? dataOf(found) : {};
  if (Object.hasOwn(values, key)) variables[name] = values[key] ?? '';
  else if (kind === 'Secret' && !found) unseen[name] = { secret: object, key, namespace };
  else if (reference.optional !== true)
    warnings.push(`${name}: the key ${key} of the ${kind} ${object} is not in the given files`);
}
