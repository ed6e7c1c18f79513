import { createSecretCommand } from '../../config/go-connector/secret-commands.ts';
import type { ConfigPart, WrittenConfig } from './setup-schemas.ts';

const FORMS = {
  login: { username: '…', password: '…' },
  keys: { accessKeyId: '…', secretAccessKey: '…' },
  token: { token: 'pak_…' },
};

/** The secrets that new lines of ferry.yaml name, and how to store them. Their values are nowhere in it. */
export function secretStepsOf({
  sources = {},
  polyteia = {},
}: ConfigPart): Pick<WrittenConfig, 'secrets' | 'secretsFile'> {
  const forms = new Map<string, object>();
  for (const { auth } of Object.values(sources)) {
    const { type, secret } = (auth ?? {}) as { type?: unknown; secret?: unknown };
    if (typeof secret === 'string') forms.set(secret, type === 'iam-user' ? FORMS.keys : FORMS.login);
  }
  for (const { token } of Object.values(polyteia))
    if (typeof token === 'string') forms.set(token, FORMS.token);
  return {
    secrets: [...forms].map(([name, form]) => ({ name, command: createSecretCommand(name, form) })),
    secretsFile: forms.size === 0 ? '' : `${JSON.stringify(Object.fromEntries(forms), null, 2)}\n`,
  };
}
