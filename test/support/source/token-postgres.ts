import type { Certificate } from '../network/certificates.ts';
import { startLdapServer } from '../servers/ldap-server.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres-server.ts';
import type { TokenJudge } from './rds-tokens.ts';

/**
 * A Postgres as Amazon's: it supports TLS only, and the user `ferry` signs in with a token, which it asks for in plain text and has judged
 * by somebody else. Amazon's asks PAM, this one LDAP, by the same exchange with the client.
 */
export async function startTokenPostgres(
  certificate: Certificate,
  tokens: TokenJudge,
): Promise<PostgresServer> {
  const ldap = await startLdapServer((username, token) => tokens.judge(username, token) === undefined);
  try {
    const server = await startPostgres({
      // The npm package's Postgres was built without LDAP.
      binaries: '15',
      tls: certificate,
      hba: [
        'hostnossl all ferry all reject',
        `hostssl all ferry all ldap ldapserver=127.0.0.1 ldapport=${ldap.port} ldapprefix="uid=" ldapsuffix=""`,
      ],
    });
    await server.query('CREATE ROLE ferry LOGIN; GRANT pg_read_all_data TO ferry');
    const stop = async () => {
      await Promise.all([server.stop(), ldap.stop()]);
    };
    return { ...server, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await ldap.stop();
    throw error;
  }
}
