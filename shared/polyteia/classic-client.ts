import { z } from 'zod';
import { type FerryError, PolyteiaRejectedError, PolyteiaUnavailableError } from '../errors.ts';
import { createPolyteiaAgent, type HttpAnswer, send } from './http.ts';
import { multipartFile } from './multipart-file.ts';
import type { PolyteiaClient } from './polyteia-client.ts';

const envelope = z.looseObject({
  error: z.looseObject({ code: z.number(), message: z.string().optional() }).optional(),
  data: z.unknown().optional(),
});

/** A refusal for want of a permission; told apart here only, to everybody else it is a PolyteiaRejectedError. */
class PolyteiaForbiddenError extends PolyteiaRejectedError {}

function parseEnvelope(text: string): z.infer<typeof envelope> | undefined {
  try {
    return envelope.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * Polyteia's classic API: one endpoint for commands and queries, and an upload by token.
 *
 * @param options.token the personal access key; it goes into the Authorization header and nowhere else
 */
export function createClassicClient(options: { baseUrl: string; token: string }): PolyteiaClient {
  const agent = createPolyteiaAgent();
  const { host } = new URL(options.baseUrl);

  const unavailable = (what: string) =>
    new PolyteiaUnavailableError(`Polyteia at ${host} ${what}.`, {
      hint: "Usually passes by itself; see Polyteia's status page.",
    });
  const keyRefused = () =>
    new PolyteiaRejectedError(`Polyteia at ${host} does not accept the personal access key.`, {
      hint: 'It is wrong, revoked or expired: create a new one in Polyteia and put it into the secret of polyteia.<target>.token.',
    });

  /** Polyteia's own sentence, on one line and without the key, should it be repeated there. */
  const quote = (message: string | undefined) => {
    const text = (message ?? '')
      .replaceAll(options.token, '***')
      .replaceAll(/\s+/g, ' ')
      .trim()
      .slice(0, 200);
    return text === '' ? '' : ` Polyteia says: ${text}`;
  };

  function rejected(code: number, message: string | undefined, dataset: string): FerryError {
    switch (code) {
      case 401:
        return keyRefused();
      case 403:
        return new PolyteiaForbiddenError(
          `Polyteia does not allow this key to work with dataset ${dataset}.${quote(message)}`,
          {
            hint: "Give the key's user the right to edit the dataset.",
          },
        );
      case 404:
        return new PolyteiaRejectedError(`Polyteia has no dataset ${dataset}.${quote(message)}`, {
          hint: 'Copy the id from the dataset’s page in Polyteia (ds_…), and check that the key is of the same organization.',
        });
      default:
        if (code >= 500) return unavailable(`failed (error ${code})`);
        return new PolyteiaRejectedError(
          `Polyteia refused the call for dataset ${dataset} (error ${code}).${quote(message)}`,
        );
    }
  }

  async function call<T>(
    kind: 'command' | 'query',
    name: string,
    params: { id: string } & Record<string, unknown>,
    shape: z.ZodType<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const answer = await send(new URL('/api', options.baseUrl), {
      dispatcher: agent,
      headers: {
        authorization: `Bearer ${options.token}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify({ [kind]: name, params }),
      signal,
    });
    const content = parseEnvelope(answer.text);
    // Business errors come with status 200 and their code in the envelope; other status are of whatever stands in front.
    if (content?.error) throw rejected(content.error.code, content.error.message, params.id);
    if (answer.status === 401) throw keyRefused();
    if (answer.status !== 200) throw statusError(answer, params.id);
    const data = content && shape.safeParse(content.data);
    if (!data?.success) throw unavailable(`gave an answer to ${name} that cannot be understood`);
    return data.data;
  }

  function statusError(answer: HttpAnswer, dataset: string): FerryError {
    if (answer.status === 429 || answer.status === 408 || answer.status >= 500)
      return unavailable(`answered with HTTP status ${answer.status}`);
    // The body of a refusal may quote the file's content, so it is not repeated.
    return new PolyteiaRejectedError(
      `Polyteia refused the call for dataset ${dataset} (HTTP status ${answer.status}).`,
    );
  }

  return {
    async checkDataset(dataset, signal) {
      try {
        await call('query', 'get_dataset', { id: dataset }, z.looseObject({ id: z.string() }), signal);
      } catch (error) {
        // A key that may upload need not be allowed to read: the Go connector never asked. The upload itself will tell.
        if (error instanceof PolyteiaForbiddenError) return;
        throw error;
      }
    },

    async upload({ dataset, file, contentType, onProgress, signal }) {
      // A token's lifetime is not documented: it is taken right before it is used, and a new one for each try.
      const { token } = await call(
        'command',
        'generate_dataset_upload_token',
        { id: dataset, content_type: contentType },
        z.looseObject({ token: z.string().min(1) }),
        signal,
      );
      const content = await multipartFile(
        { path: file, name: `${dataset}.parquet`, contentType },
        onProgress,
      );
      const answer = await send(new URL('/upload', options.baseUrl), {
        dispatcher: agent,
        headers: {
          'x-upload-token': token,
          'content-type': content.contentType,
          'content-length': String(content.contentLength),
        },
        body: content.body,
        signal,
      });
      if (answer.status === 200) return;
      throw statusError(answer, dataset);
    },

    async close() {
      await agent.close();
    },
  };
}
