import {
  AuthError,
  ConfigError,
  QueryError,
  RefusedLoginError,
  SourceUnavailableError,
} from '../../../errors.ts';
import type { ErrorPatterns } from '../../error-patterns.ts';
import { plainWords } from '../odbc-messages.ts';

// https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors; the number is in
// brackets after the SQLSTATE. From documentation only.

const readErrors: ErrorPatterns['read'] = [
  {
    pattern: /\((229|230|916)\)|permission was denied/,
    make: () =>
      new QueryError('The source denied the query: the login lacks a permission.', {
        hint: 'Grant SELECT on everything that the query reads.',
      }),
  },
  {
    pattern: /\((1205|1222)\)|deadlock|Lock request time out/i,
    make: () => new SourceUnavailableError('Something that the query reads is locked at the source.'),
  },
  {
    pattern: /^08\w{3}\(|Communication link failure|TCP Provider/i,
    make: () => new SourceUnavailableError('The connection to the source broke while the query ran.'),
  },
  {
    pattern: /^HYT00\(|Query timeout expired/i,
    make: () => new QueryError("The query exceeded the source's time limit for statements."),
  },
  {
    pattern: /\(8134\)|Divide by zero/i,
    make: () => new QueryError('The query divides by zero.', { hint: 'Use NULLIF(divisor, 0).' }),
  },
];

/** Words of the query and names of the catalog: syntax, and objects and columns that do not exist. */
const harmlessAnswers = /\((102|105|107|156|207|208|209|1033|4104|8120|8155|8156)\)/;

/** The meaning of messages from SQL Server and its drivers. */
export const sqlServerErrorPatterns: ErrorPatterns = {
  connect: [
    {
      pattern: /\((18456|18452|18486|18487|18488)\)|Login failed for user/i,
      make: (at, user) =>
        new RefusedLoginError(`The source at ${at} refused the login of user "${user}".`, {
          hint: 'Check username and password in the secret of this source.',
        }),
    },
    {
      pattern: /\((4060|4064|911)\)|Cannot open database/i,
      make: (at, user, database) =>
        new AuthError(`The source at ${at} denies user "${user}" access to database "${database}".`, {
          hint: 'Check `database` of this source, and that the login has a user in it.',
        }),
    },
    {
      pattern: /certificate|SSL Provider|SSL routines/i,
      make: (at) =>
        new ConfigError(`The certificate of the source at ${at} cannot be verified.`, {
          hint: "The driver trusts the authorities of the system's OpenSSL: add yours there, or use tls: { mode: disable } in a network that you trust.",
        }),
    },
  ],
  passingRefusals: /^08/,
  saidByServer: () => undefined,
  read: readErrors,
  broken: /^08\w{3}\(|Communication link failure/,
  explainDescribe(message) {
    const known = readErrors.find(({ pattern }) => pattern.test(message));
    if (known) return known.make();
    if (!harmlessAnswers.test(message)) {
      return new QueryError('The source refused the query.', {
        hint: 'Run it on the source itself to see why.',
      });
    }
    return new QueryError(`The source refused the query: ${plainWords(message).replace(/\.?$/, '.')}`, {
      hint: 'Ferry puts the query into brackets: WITH, and ORDER BY without TOP, cannot stand there.',
    });
  },
};
