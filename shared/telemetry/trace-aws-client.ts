import { inSpan } from './in-span.ts';
import { activeSpanContext } from './trace-context.ts';

type Step = (args: never) => Promise<unknown>;

/** Any client of the AWS SDK: all have such a stack, and each its own types. */
interface AwsClient {
  middlewareStack: { add: (middleware: never, options: never) => void };
}

/**
 * Has each call of a client be a span, with the name of its command: never its parameters or its answer. Only within
 * another one: what a process asks again and again while nothing happens would be thousands of traces a day.
 *
 * @param service as AWS calls it: S3, SecretsManager
 * @returns the client
 */
export function traceAwsClient<Client extends AwsClient>(client: Client, service: string): Client {
  const middleware =
    (next: Step, { commandName = 'Command' }: { commandName?: string }) =>
    async (args: never) => {
      if (!activeSpanContext()) return next(args);
      const method = commandName.replace(/Command$/, '');
      const attributes = { 'rpc.system.name': 'aws-api', 'rpc.method': `${service}/${method}` };
      return inSpan(`${service}.${method}`, { kind: 'client', attributes }, () => next(args));
    };
  // Outside of the SDK's own retries: a call is one span, however many tries it takes.
  client.middlewareStack.add(middleware as never, { step: 'initialize', name: 'ferryTrace' } as never);
  return client;
}
