import * as z from 'zod';
import type { HttpAnswer } from './http.ts';
import { parseJson } from './parse-json.ts';

const answerWithError = z.looseObject({
  error: z.unknown(),
  code: z.unknown().optional(),
});
/**
 * An error in an answer that cannot be parsed: truncated JSON, several lines of JSON, or JSON with a prefix.
 * The number of blanks is limited, so that an answer of blanks takes no time.
 */
const looksLikeError = /(?:^|[\n{,[])\s{0,9}"error"\s{0,9}:\s{0,9}(?!null|false|""|\{\s{0,9}\}|\s)/;
const errorWithCode = z.looseObject({ code: z.unknown() });

/** The field is there, and says that there is no error. */
const isNone = (error: unknown) => !error || (typeof error === 'object' && Object.keys(error).length === 0);

/** What an upload's answer says against its own successful status. */
export interface UploadObjection {
  /** `error`: it contains an error; `page`: it is a web page, so something other than Polyteia answered. */
  kind: 'error' | 'page';
  /** The error's own code: a number is like a status of HTTP. */
  code?: number | string;
}

/**
 * Looks for an error in the body of a successful answer to an upload. The contract leaves that body open, so anything
 * that is neither an error nor a web page is a success.
 */
export function findObjection(answer: HttpAnswer): UploadObjection | undefined {
  const text = answer.text.replace(/^\uFEFF/, '');
  const parsed = parseJson(text);
  const contents = (Array.isArray(parsed) ? parsed : [parsed]).map(
    (one) => answerWithError.safeParse(one).data,
  );
  const content =
    contents.find((one) => one !== undefined && !isNone(one.error)) ?? contents.find((one) => one);
  if (parsed === undefined && !/^\s*</.test(text) && looksLikeError.test(text)) return { kind: 'error' };
  if (content !== undefined) {
    const { error, code } = content;
    if (isNone(error)) return undefined;
    const own = errorWithCode.safeParse(error).data?.code ?? code;
    return { kind: 'error', ...(typeof own === 'number' || typeof own === 'string' ? { code: own } : {}) };
  }
  return isWebPage(answer) ? { kind: 'page' } : undefined;
}

/**
 * Whether something in front of Polyteia answered with a web page. JSON is Polyteia's own answer, whatever its header
 * says.
 */
export const isPageInFront = (answer: HttpAnswer): boolean =>
  parseJson(answer.text) === undefined && isWebPage(answer);

/**
 * Whether an answer is a web page, by its header or its beginning. A comment ends where it first can: to try each of its
 * ends would take twice as long for each further comment.
 */
export function isWebPage({ text, contentType }: HttpAnswer): boolean {
  return (
    /^(text\/html|application\/xhtml\+xml)\b/i.test(contentType ?? '') ||
    /^\s*(?:<\?xml[^>]*>\s*|<!--(?:(?!-->)[\s\S])*-->\s*)*<(!doctype\s+html|html|head|body)\b/i.test(text)
  );
}
