import { QueryError, SourceUnavailableError } from '../../errors.ts';
import type { Dialect, SourceAnswer } from '../dialect.ts';
import { engineMessage } from '../engine-message.ts';
import type { SourcePhase } from '../error-patterns.ts';
import { EndedQueryError, explainByCode, UnknownQueryError } from '../explain-error.ts';

/** A session whose source can be asked for a code. */
interface AskedSession {
  dialect: Dialect;
  execute(phase: SourcePhase, sql: string): Promise<void>;
  askSource(phase: SourcePhase, sql: string): Promise<SourceAnswer>;
}

/** For `.catch()`: adds to an error the statement in the source's own SQL that it is about. */
export const ofStatement =
  (sql: string | undefined) =>
  (error: unknown): never => {
    if (error instanceof UnknownQueryError) error.statement ??= sql;
    throw error;
  };

/**
 * Why a statement was refused whose refusal does not say: asks the source for the code, after the transaction has
 * ended.
 *
 * @returns `error` itself if it was another one, or nothing more can be found out
 */
export async function explainUnknown(session: AskedSession, error: unknown): Promise<unknown> {
  if (error instanceof EndedQueryError) return explainEnd(session, error);
  if (!(error instanceof UnknownQueryError) || error.statement === undefined) return error;
  const { dialect } = session;
  const asking = dialect.codeOfRefusal?.(error.statement);
  if (asking === undefined) return error;
  const answer: unknown = await session.execute('describe', asking).catch((answered: unknown) => answered);
  const said = engineMessage(answer);
  const code = /ferry_code (\w{5})/.exec(said)?.[1];
  const known =
    code === undefined ? undefined : explainByCode(code, dialect.errorPatterns.read, error.ofCatalog);
  if (known === undefined || (error.hasPlace && known instanceof QueryError)) return error;
  return Object.assign(known, { cause: error.cause });
}

/** What the source can still say: nothing, or that it limits the statements of this login. */
async function explainEnd(session: AskedSession, error: EndedQueryError): Promise<unknown> {
  const { statementLimit } = session.dialect;
  if (statementLimit === undefined) return error;
  const answer = await session.askSource('describe', statementLimit).catch(() => undefined);
  const { cause } = error;
  if (!answer)
    return new SourceUnavailableError('The connection to the source broke while the query ran.', { cause });
  if (Number(answer.rows[0]?.[0]) === 0) return error;
  return new QueryError(
    "The source ended the query while it was read, probably at this login's time limit for statements.",
    {
      cause,
      hint: 'Make the query faster, or raise max_statement_time (MariaDB) or max_execution_time (MySQL) of this login.',
    },
  );
}
