import { expect, it } from 'vitest';
import { nameSecret } from '../../../../shared/config/schema/secret-ref.ts';
import { RefusedLoginError } from '../../../../shared/errors.ts';
import { explainRefusedLogin } from '../../../../shared/source/credentials/refused-login.ts';

const login = { host: 'erp', port: 5432, database: 'erp', username: 'müller', password: 'p' };
const refused = new RefusedLoginError('Refused.', {
  hint: 'Check username and password in the secret of this source; after a rotation, it needs the new one.',
});

// A city has a dozen secrets: which one is wrong must not be left to a look into ferry.yaml.
it.each([
  ['ferry/erp', 'in the secret ferry/erp;'],
  [{ arn: 'arn:aws:secretsmanager:eu-central-1:1:secret:erp' }, 'in the secret arn:aws:secretsmanager:'],
  ['env/source', 'in SOURCE_DATABASE_USER and SOURCE_DATABASE_PASSWORD;'],
  ['sent-credentials', 'in the credentials that were sent;'],
])('a refusal names what to change: %o', async (secret, expected) => {
  const { hint, message } = await explainRefusedLogin(refused, { ...login, origin: nameSecret(secret) });
  expect({ hint, message }).toEqual({ hint: expect.stringContaining(expected), message: 'Refused.' });
});

it('a login of unknown origin, or with causes of its own, keeps its hint', async () => {
  expect(await explainRefusedLogin(refused, login)).toBe(refused);
  const explained = await explainRefusedLogin(refused, { ...login, explainRefusal: async () => 'A token.' });
  expect(explained.hint).toBe('A token.');
});
