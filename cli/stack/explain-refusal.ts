import * as z from 'zod';
import { answerProblem, ProblemError } from '../../shared/api/problems.ts';
import { problemOf } from './stack-api.ts';

// API Gateway writes it in both ways: https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
const gatewaySchema = z.union([
  z.object({ message: z.string() }),
  z.object({ Message: z.string() }).transform(({ Message }) => ({ message: Message })),
]);

/**
 * An answer for the console. What API Gateway refuses before the API sees it is no problem+json: it becomes one that says
 * what to do, with what AWS says.
 */
export async function explainRefusal(response: Response): Promise<Response> {
  const { status, headers } = response;
  if (status < 400 || headers.get('content-type')?.startsWith('application/problem+json')) return response;
  const text = await response.text().catch(() => '');
  const { message, hint = '' } = problemOf({ status }, text);
  const said = gatewaySchema.safeParse(parseJson(text)).data?.message;
  const detail = [
    message,
    said === undefined ? '' : `AWS says: ${said.slice(0, 300)}.`.replace('..', '.'),
    hint,
  ];
  // No 401: the browser's own session has not ended.
  return answerProblem(new ProblemError(statusOf(status), detail.filter((part) => part !== '').join(' ')));
}

function statusOf(status: number): 400 | 403 | 404 | 503 {
  if (status === 401 || status === 403) return 403;
  if (status === 404) return 404;
  return status === 429 || status >= 500 ? 503 : 400;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
