import type { SecretValue } from './connector.ts';
import type { MergedSecret } from './merge-connectors.ts';

type KubernetesEntry = Exclude<SecretValue, string>;
const isUnseen = (value: SecretValue): value is KubernetesEntry => typeof value !== 'string';

/** The secret as ferry.yaml's readers expect it; undefined when a part of it is not known. */
function knownValue(secret: MergedSecret): Record<string, string> | undefined {
  const { type, ...parts } = secret;
  const entries = Object.entries(parts);
  return entries.some(([, value]) => isUnseen(value))
    ? undefined
    : (Object.fromEntries(entries) as Record<string, string>);
}

/** The content of a secrets.json, for `--secrets`; a secret that is not known whole is not in it. */
export function writeSecretsFile(secrets: ReadonlyMap<string, MergedSecret>): string {
  const known = [...secrets].flatMap(([name, secret]) => {
    const value = knownValue(secret);
    return value ? [[name, value] as const] : [];
  });
  return `${JSON.stringify(Object.fromEntries(known), null, 2)}\n`;
}

/** Names of the secrets whose values the given files do not hold. */
export function unknownSecrets(secrets: ReadonlyMap<string, MergedSecret>): string[] {
  return [...secrets].filter(([, secret]) => knownValue(secret) === undefined).map(([name]) => name);
}

const quote = (text: string) => (/^[\w./:@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

// Node is there, as Ferry needs it; jq may not be.
const READ_VALUE = "node -p 'JSON.stringify(JSON.parse(fs.readFileSync(process.argv[1]))[process.argv[2]])'";

const create = (name: string) =>
  `aws secretsmanager create-secret --name ${quote(name)} --secret-string file:///dev/stdin`;

/** Reads a Secret of Kubernetes out of the cluster; undefined when not all of it is there, or a password would be in the command. */
function readCluster(secret: MergedSecret): string | undefined {
  const parts =
    secret.type === 'login'
      ? { username: secret.username, password: secret.password }
      : { token: secret.token };
  const unseen = Object.values(parts).filter(isUnseen);
  const [first] = unseen;
  const oneSecret = unseen.every(
    ({ secret: name, namespace }) => name === first?.secret && namespace === first?.namespace,
  );
  const needed = secret.type === 'login' ? secret.password : secret.token;
  if (!first || !oneSecret || !isUnseen(needed)) return undefined;
  const fields = Object.entries(parts).map(([field, value]) =>
    isUnseen(value)
      ? `${field}: (.data[${JSON.stringify(value.key)}] | @base64d)`
      : `${field}: ${JSON.stringify(value)}`,
  );
  const namespace = first.namespace === undefined ? '' : ` --namespace ${quote(first.namespace)}`;
  return `kubectl get secret ${quote(first.secret)}${namespace} -o json | jq -c ${quote(`{${fields.join(', ')}}`)}`;
}

/**
 * One command for each secret, that creates it in Secrets Manager. The value comes by standard input: as an argument it would be in
 * the shell's history and in the list of processes.
 *
 * @param file the secrets.json that holds the values; without it a person pastes them
 */
export function secretCommands(secrets: ReadonlyMap<string, MergedSecret>, file?: string): string[] {
  return [...secrets].map(([name, secret]) => {
    const cluster = readCluster(secret);
    if (cluster !== undefined) return `${cluster} | ${create(name)}`;
    if (file !== undefined && knownValue(secret))
      return `${READ_VALUE} ${quote(file)} ${quote(name)} | ${create(name)}`;
    const form = secret.type === 'login' ? '{"username": "…", "password": "…"}' : '{"token": "pak_…"}';
    return `${create(name)}   # paste ${form}, then Enter and Ctrl-D`;
  });
}
