import * as z from 'zod';
import { type FerryError, PolyteiaRejectedError } from '../../errors.ts';
import { createAnswerErrors, isTransient, quoteWords } from '../http/answer-errors.ts';
import type { PolyteiaConnection } from '../http/connection.ts';
import type { HttpAnswer } from '../http/http.ts';
import { parseJson } from '../http/parse-json.ts';

const rpcError = z.looseObject({ json: z.looseObject({ message: z.string().optional() }) });

/** What a refusal is about, for its message. */
export interface Subject {
  /** Continues "Polyteia refused …". */
  call: string;
  /** What to do about a 403. */
  forbidden: () => FerryError;
  notFound: () => FerryError;
  /** What to do when the request itself may be wrong, by the status. */
  hint?: (status: number) => string | undefined;
}

export type SessionRefusals = ReturnType<typeof createSessionRefusals>;

/** Explains an unsuccessful answer of the session API to people. */
export function createSessionRefusals(options: {
  connection: PolyteiaConnection;
  organization: string;
  /** The personal access key, which no message may repeat. */
  key: string;
}) {
  const { connection, organization, key } = options;
  const { origin } = connection;
  const errors = createAnswerErrors(connection);

  const reject = (message: string, hint: string) => new PolyteiaRejectedError(message, { hint });
  const forbidden = (what: string, dataset: string) => () =>
    reject(
      `Polyteia does not allow this key to ${what}.`,
      `Its user must be a licensed member of organization ${organization}, which must allow personal access keys, and needs the right to edit dataset ${dataset}.`,
    );
  const noDataset = (dataset: string) => () =>
    reject(
      `Polyteia has no dataset ${dataset} in organization ${organization}.`,
      'Copy the id from the dataset’s page in Polyteia (ds_…), and check polyteia.<target>.organization.',
    );
  const termsMissing = (dataset: string, solution?: string) =>
    reject(
      `The data processing terms of ${solution ? `solution ${solution}` : `the solution of dataset ${dataset}`} are not acknowledged by the user of this key.`,
      `Sign in to ${origin} as that user, open the solution of the dataset, click to acknowledge the data processing terms, and run the job again.`,
    );

  /** @param words Polyteia's sentence, if it cannot quote a file */
  function refusal(answer: HttpAnswer, subject: Subject, words?: string): FerryError {
    const { status } = answer;
    if (isTransient(status) || status < 400) return errors.busy(answer);
    if (status === 401) return errors.keyRefused();
    if (parseJson(answer.text) === undefined) return errors.refusedInFront(subject.call, status);
    if (status === 403) return subject.forbidden();
    if (status === 404) return subject.notFound();
    const hint = subject.hint?.(status);
    return new PolyteiaRejectedError(
      `Polyteia refused ${subject.call} (HTTP status ${status}).${quoteWords(words, [key])}`,
      hint === undefined ? {} : { hint },
    );
  }

  /** The content of an answer. @throws the error that a refusal means */
  function read<T>(answer: HttpAnswer, shape: z.ZodType<T>, subject: Subject): T {
    const content = parseJson(answer.text);
    if (answer.status < 200 || answer.status > 299) {
      throw refusal(answer, subject, rpcError.safeParse(content).data?.json.message);
    }
    const parsed = shape.safeParse(content);
    if (!parsed.success) throw errors.notUnderstood(`the request ${subject.call}`, answer);
    return parsed.data;
  }

  return { reject, forbidden, noDataset, termsMissing, refusal, read, notUnderstood: errors.notUnderstood };
}
