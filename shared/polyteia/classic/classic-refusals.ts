import { type FerryError, PolyteiaRejectedError } from '../../errors.ts';
import { type AnswerErrors, isTransient, quoteWords } from '../http/answer-errors.ts';
import type { HttpAnswer } from '../http/http.ts';
import { isPageInFront } from '../http/upload-answer.ts';
import { formatHint, refusedFileHint, type UploadFormat } from '../upload-format.ts';

/**
 * A refusal for lack of a permission. Only this module distinguishes it; for all others it is a PolyteiaRejectedError.
 */
export class PolyteiaForbiddenError extends PolyteiaRejectedError {}

export type ClassicRefusals = ReturnType<typeof createClassicRefusals>;

/** Explains an unsuccessful answer of the classic API to people. @param key which no message may repeat */
export function createClassicRefusals(errors: AnswerErrors, key: string, format: UploadFormat) {
  const hintFor = (status: number) => {
    const hint = refusedFileHint('classic', format, status);
    return hint === undefined ? {} : { hint };
  };

  /** @param call.ofFormat whether the call names the file's format */
  function rejected(
    code: number,
    message: string | undefined,
    { dataset, ofFormat }: { dataset: string; ofFormat: boolean },
  ): FerryError {
    const words = quoteWords(message, [key]);
    switch (code) {
      case 401:
        return errors.keyRefused();
      case 403:
        return new PolyteiaForbiddenError(
          `Polyteia does not allow this key to work with dataset ${dataset}.${words}`,
          {
            hint: "Give the key's user the right to edit the dataset.",
          },
        );
      case 404:
        return new PolyteiaRejectedError(`Polyteia has no dataset ${dataset}.${words}`, {
          hint: 'Copy the id from the dataset’s page in Polyteia (ds_…), and check that the key belongs to the same organization.',
        });
      default:
        if (isTransient(code)) return errors.unavailable(`failed (error ${code})`);
        return new PolyteiaRejectedError(
          `Polyteia refused the call for dataset ${dataset} (error ${code}).${words}`,
          ofFormat ? hintFor(code) : {},
        );
    }
  }

  /** For an upload. */
  function statusError(answer: HttpAnswer, dataset: string): FerryError {
    if (isTransient(answer.status) || answer.status < 400) return errors.busy(answer);
    // Polyteia's own refusals are text.
    if (isPageInFront(answer)) return errors.refusedInFront(`the file for dataset ${dataset}`, answer.status);
    // The body of a refusal may quote the file's content, so it is not repeated.
    return new PolyteiaRejectedError(
      `Polyteia refused the call for dataset ${dataset} (HTTP status ${answer.status}).`,
      hintFor(answer.status),
    );
  }

  /** The text of the refusal may quote the file, so it is not repeated. */
  const refusedInside = (dataset: string) =>
    new PolyteiaRejectedError(
      `Polyteia refused the file for dataset ${dataset}: its answer with HTTP status 200 contains an error.`,
      { hint: formatHint('classic', format) },
    );

  return { rejected, statusError, refusedInside };
}
