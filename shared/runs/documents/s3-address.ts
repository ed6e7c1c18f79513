import type { S3Client } from '@aws-sdk/client-s3';

const ADDRESS = Symbol('address');

/** What a client has sent, as far as it says where to. */
interface Sent {
  protocol: string;
  hostname: string;
  port?: number | undefined;
}

/**
 * Adds the address to a client's errors if it is not AWS. With several stores, or a forgotten setting, people would
 * otherwise look for the fault in the wrong place.
 *
 * @returns the client
 */
export function tellingAddress(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        const address = addressOf(args.request as Sent);
        if (error instanceof Error && address !== undefined && Object.isExtensible(error))
          Object.defineProperty(error, ADDRESS, { value: address, configurable: true });
        throw error;
      }
    },
    { step: 'finalizeRequest', name: 'ferryAddress' },
  );
  return client;
}

/** Where the store is that an error comes from: protocol, host and port, and nothing else. Undefined for AWS. */
export function addressIn(error: unknown): string | undefined {
  const told = error instanceof Error ? (error as { [ADDRESS]?: unknown })[ADDRESS] : undefined;
  return typeof told === 'string' ? told : undefined;
}

const addressOf = ({ protocol, hostname, port }: Sent): string | undefined =>
  /\.(amazonaws\.com(\.cn)?|amazonaws\.eu|api\.aws)$/.test(hostname)
    ? undefined
    : `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
