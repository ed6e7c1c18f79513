import type { SecretValue } from './connector.ts';
import type { MergedSecret } from './merge-connectors.ts';

type KubernetesEntry = Exclude<SecretValue, string>;
const isUnseen = (value: SecretValue): value is KubernetesEntry => typeof value !== 'string';

/** The secret in the form that Ferry reads; undefined when part of it is not known. */
function knownValue(secret: MergedSecret): Record<string, string> | undefined {
  const { type, ...parts } = secret;
  const entries = Object.entries(parts);
  return entries.some(([, value]) => isUnseen(value))
    ? undefined
    : (Object.fromEntries(entries) as Record<string, string>);
}

/** The content of a secrets.json, for `--secrets`, without secrets that are only partly known. */
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

/** The secrets whose values the given files do not hold, with what each looks like or the command that prints it. */
export function missingSecrets(
  secrets: ReadonlyMap<string, MergedSecret>,
): { name: string; form: string; command: string | undefined }[] {
  return [...secrets]
    .filter(([, secret]) => knownValue(secret) === undefined)
    .map(([name, secret]) => ({ name, form: formText(formOf(secret)), command: readCluster(secret) }));
}

const formOf = ({ type }: MergedSecret) =>
  type === 'login' ? { username: '…', password: '…' } : { token: 'pak_…' };

const formText = (form: object) =>
  `{${Object.entries(form)
    .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(', ')}}`;

const quote = (text: string) => (/^[\w./:@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

// Node is there, because Ferry needs it; jq may not be.
const READ_VALUE = "node -p 'JSON.stringify(JSON.parse(fs.readFileSync(process.argv[1]))[process.argv[2]])'";

const create = (name: string) =>
  `aws secretsmanager create-secret --name ${quote(name)} --secret-string file:///dev/stdin`;

/**
 * The command that creates a secret in Secrets Manager, whose value people paste.
 *
 * @param form what the value looks like
 */
export const createSecretCommand = (name: string, form: object): string => {
  return `${create(name)}   # paste ${formText(form)}, then Enter and Ctrl-D`;
};

/**
 * Reads a Kubernetes Secret from the cluster; undefined when part of it is missing, or the command would contain a
 * password.
 */
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
 * One command for each secret, which creates it in Secrets Manager. The value comes from standard input: as an argument
 * it would be in the shell's history and in the list of processes.
 *
 * @param file the secrets.json with the values; without it, people paste them
 */
export function secretCommands(secrets: ReadonlyMap<string, MergedSecret>, file?: string): string[] {
  return [...secrets].map(([name, secret]) => {
    const cluster = readCluster(secret);
    if (cluster !== undefined) return `${cluster} | ${create(name)}`;
    if (file !== undefined && knownValue(secret))
      return `${READ_VALUE} ${quote(file)} ${quote(name)} | ${create(name)}`;
    return createSecretCommand(name, formOf(secret));
  });
}
