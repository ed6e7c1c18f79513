import { fileURLToPath } from 'node:url';

/** The folder of everything that is fetched or made once. */
export const cache = fileURLToPath(new URL('../../../../.cache', import.meta.url));

/** Why a command failed, in its own last words. */
export function reason(error: unknown): string {
  const { stderr = '', stdout = '', message } = error as Error & { stderr?: string; stdout?: string };
  // apt-get explains itself on both.
  const printed = `${stdout.trim()}\n${stderr.trim()}`.trim();
  return (printed || message).split('\n').slice(-6).join('\n');
}
