import * as z from 'zod';
import { type AnswerErrors, isTransient } from '../http/answer-errors.ts';
import type { PolyteiaConnection } from '../http/connection.ts';
import { parseJson } from '../http/parse-json.ts';
import type { ClassicRefusals } from './classic-refusals.ts';

// A number as a text is as clear: taken for an answer that makes no sense, a refusal would be repeated until the run's
// time is up.
const code = z.union([
  z.number(),
  z
    .string()
    .regex(/^[45]\d\d$/)
    .transform(Number),
]);
const envelope = z.looseObject({
  error: z.looseObject({ code, message: z.string().nullish() }).nullish(),
  data: z.unknown().optional(),
});

/** Makes the calls to the one endpoint: a command or a query by name, and the shape of its answer. */
export function createClassicCall(
  connection: PolyteiaConnection,
  key: string,
  errors: AnswerErrors,
  { rejected }: ClassicRefusals,
) {
  return async function call<T>(
    kind: 'command' | 'query',
    name: string,
    params: { id: string } & Record<string, unknown>,
    shape: z.ZodType<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const answer = await connection.send('/api', {
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify({ [kind]: name, params }),
      signal,
    });
    const content = envelope.safeParse(parseJson(answer.text)).data;
    // An outage counts as one whatever the answer contains, and says how long to wait.
    if (isTransient(answer.status)) throw errors.busy(answer);
    // Business errors have status 200 and their code in the envelope; any other status comes from something in front of
    // Polyteia.
    if (content?.error) {
      const ofFormat = Object.hasOwn(params, 'content_type');
      throw rejected(content.error.code, content.error.message ?? undefined, {
        dataset: params.id,
        ofFormat,
      });
    }
    if (answer.status === 401) throw errors.keyRefused();
    if (answer.status >= 400) throw errors.refusedInFront(`the call ${name}`, answer.status);
    if (answer.status !== 200) throw errors.busy(answer);
    const data = content && shape.safeParse(content.data);
    if (!data?.success) throw errors.notUnderstood(name, answer);
    return data.data;
  };
}
