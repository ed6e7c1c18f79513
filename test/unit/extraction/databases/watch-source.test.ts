import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../shared/config/load-config.ts';
import {
  QueryError,
  RefusedLoginError,
  SourceUnavailableError,
  UnansweredLoginError,
} from '../../../../shared/errors.ts';
import { watchSource } from '../../../../shared/extraction/databases/watch-source.ts';
import { extractionConfig } from '../../../support/extraction/extraction-setup.ts';

const server = createServer((socket) => socket.on('error', () => {}));
let port: number;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as { port: number }).port;
});
afterAll(() => server.close());

/** Whether the remaining databases are tried, after each error in turn. */
async function gone(errors: readonly (Error | undefined)[], at: number) {
  const login = { host: '127.0.0.1', port: at, database: 'postgres', username: 'ferry', password: '' };
  const { sources } = parseConfig(JSON.stringify(extractionConfig(login)), 'ferry.yaml');
  const source = sources.erp;
  if (!source) throw new Error('There is no source.');
  const ofSource = watchSource({ source }, login, { wasLetIn: true, signal: AbortSignal.timeout(60_000) });
  const answers: unknown[] = [];
  for (const error of errors) answers.push(await ofSource(error));
  return answers.map((answer, index) => answer !== undefined && answer === errors[index]);
}

const silent = new UnansweredLoginError('It does not answer the login.');
const away = new SourceUnavailableError('The connection broke.');

describe('the remaining databases of a source are not tried', () => {
  it('when its server is silent for the second time in a row: each time takes ten seconds', async () => {
    expect(await gone([silent, silent], port)).toEqual([false, true]);
    expect(await gone([silent, undefined, silent], port)).toEqual([false, false, false]);
  });

  it('when it cannot be reached any more, but not when one of its databases broke off', async () => {
    expect(await gone([undefined, away], port)).toEqual([false, false]);
    expect(await gone([undefined, away], 1)).toEqual([false, true]);
  });

  it('when it refuses the login twice, and never for what one database says', async () => {
    const refused = new RefusedLoginError('No.');
    expect(await gone([refused, new QueryError('No.'), refused, refused], port)).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });
});
