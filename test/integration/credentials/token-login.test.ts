import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthError } from '../../../shared/errors.ts';
import { type Login, resolveLogin } from '../../../shared/source/credentials/credentials.ts';
import { signToken } from '../../../shared/source/credentials/rds-token.ts';
import { createLocalSecretReader } from '../../../shared/source/credentials/secrets.ts';
import { SourceSession } from '../../../shared/source/sessions/session.ts';
import { withClockOf } from '../../support/runs/wrong-clock.ts';
import { createTokenJudge } from '../../support/source/rds-tokens.ts';
import {
  identityWith,
  KEYS,
  REGION,
  SESSION_KEYS,
  sessionSurroundings,
  startTokenDatabase,
  type TokenDatabase,
} from '../../support/source/token-sources.ts';

const iam = { type: 'iam', resourceId: 'db-ABCDEFGHIJKL01234' };

/** Uses of tokens without their repetitions: on MySQL each statement that stands apart has a connection, with the session's token. */
const distinct = (received: TokenDatabase['tokens']['received']) =>
  received.filter(({ token, refused }, index) => {
    const before = received[index - 1];
    return before?.token !== token || before.refused !== refused;
  });

let surroundings: Awaited<ReturnType<typeof sessionSurroundings>>;
beforeAll(async () => {
  surroundings = await sessionSurroundings();
});
afterAll(() => surroundings[Symbol.asyncDispose]());

describe.each(['postgres', 'mysql'] as const)('a %s source with tokens', (type) => {
  let database: TokenDatabase;
  beforeAll(async () => {
    database = await startTokenDatabase(type);
  }, 300_000);
  afterAll(() => database[Symbol.asyncDispose]());

  const signIn = (auth: Record<string, unknown>, keys = KEYS, examined: string[] = []) => {
    const source = database.source(auth);
    const identity = identityWith(keys, { examine: async () => examined });
    const secrets = createLocalSecretReader({ values: new Map(), environment: {}, identity });
    return resolveLogin('erp', source, secrets, 0);
  };
  const open = async (login: Login, auth: Record<string, unknown> = iam, more = {}) =>
    SourceSession.open({
      ...surroundings.options,
      source: database.source(auth),
      login,
      folder: await surroundings.folder(),
      ...more,
    });
  /** Signs in and reads a row; what the database was sent meanwhile. */
  const visit = async (login: Login, auth: Record<string, unknown> = iam) => {
    const before = database.tokens.received.length;
    try {
      const session = await open(login, auth);
      try {
        const { rows } = await session.askSource('read', 'SELECT 42 AS answer');
        expect(rows.flat().map(Number)).toEqual([42]);
      } finally {
        session.close();
      }
      return { received: database.tokens.received.slice(before) };
    } catch (error) {
      return { received: database.tokens.received.slice(before), error };
    }
  };

  it.each([
    ['a key that lasts', KEYS],
    ['a key of a session', SESSION_KEYS],
  ])('accepts a token that AWS would accept, signed with %s', async (_what, keys) => {
    const login = await signIn(iam, keys);
    const made: string[] = [];
    const password = async () => {
      made.push(await (login.password as () => Promise<string>)());
      return made.at(-1) ?? '';
    };
    const { received, error } = await visit({ ...login, password });
    expect(error).toBeUndefined();
    expect(made).toHaveLength(1);
    expect(distinct(received)).toEqual([{ username: 'ferry', token: made[0], refused: undefined }]);
    if (keys.sessionToken) expect(made[0]?.length).toBeGreaterThan(2_000);
  });

  it('signs in again with a new token, because the first one has expired by then', async () => {
    const login = await signIn(iam);
    const first = await visit(login);
    database.tokens.advance(20);
    const second = await withClockOf(1 / 3, () => visit(login));
    database.tokens.advance(-20);
    expect([first.error, second.error]).toEqual([undefined, undefined]);
    const received = [distinct(first.received), distinct(second.received)];
    expect(received.map((each) => each.map(({ refused }) => refused))).toEqual([[undefined], [undefined]]);
    expect(new Set(received.flat().map(({ token }) => token)).size).toBe(2);
  });

  it.each([350, 2_000])('gets a token of %i characters unchanged', async (length) => {
    const token = `localhost:${database.port}/?Action=connect&X-Amz-Security-Token=${'aB3%2F%2B'.repeat(300)}`;
    const password = async () => token.slice(0, length);
    const { received } = await visit({ ...(await signIn(iam)), password });
    expect(distinct(received).map((each) => each.token)).toEqual([token.slice(0, length)]);
  });

  it.each([
    [
      'signed for another region',
      { ...iam, region: 'eu-west-1' },
      'another region',
      /the database is in eu-west-1/,
    ],
    [
      'signed for another host',
      { ...iam, signHost: 'localhost:1' },
      'another address',
      /localhost:1 is its own endpoint/,
    ],
  ])('refuses a token %s, once, with the likely cause', async (_what, auth, refused, hint) => {
    const login = await signIn(auth, KEYS, ['AWS knows the signer as somebody.']);
    const { received, error } = await visit(login, auth);
    expect(received.map((each) => each.refused)).toEqual([refused]);
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({
      class: 'AuthError',
      message: expect.stringMatching(/refused the login of user "ferry"\.$/),
      hint: expect.stringMatching(hint),
    });
    expect(error).toMatchObject({
      hint: expect.stringMatching(
        /^AWS knows the signer as somebody\. Check that IAM authentication is enabled/,
      ),
    });
    expect((error as AuthError).hint).toMatch(
      type === 'postgres' ? /GRANT rds_iam/ : /AWSAuthenticationPlugin/,
    );
    expect((error as AuthError).hint).toContain(`dbuser:db-ABCDEFGHIJKL01234/ferry`);
  });

  it.each([
    ['behind by an hour', -1, 'expired'],
    ['ahead by an hour', 1, 'from the future'],
  ])('refuses a token from a clock %s', async (_what, hours, refused) => {
    const login = await signIn(iam);
    const token = await withClockOf(hours, login.password as () => Promise<string>);
    const { received, error } = await visit({ ...login, password: async () => token });
    expect(received.map((each) => each.refused)).toEqual([refused]);
    expect(error).toMatchObject({
      class: 'AuthError',
      hint: expect.stringContaining('the clock here is correct'),
    });
  });

  it('refuses a token with an unknown key, or for a session without its token', async () => {
    const { received } = await visit(await signIn(iam, { ...KEYS, accessKeyId: 'AKIAUNKNOWN' }));
    expect(received.map((each) => each.refused)).toEqual(['unknown key']);
    const { sessionToken: _missing, ...bare } = SESSION_KEYS;
    const unfinished = await visit(await signIn(iam, bare));
    expect(unfinished).toMatchObject({
      received: [],
      error: { class: 'AccessError', message: expect.stringContaining('session token is missing') },
    });
  });

  it.each([
    ['the ones that let it in', [KEYS], ['unknown key', undefined, undefined]],
    [
      'the last ones, though they were refused as well',
      [{ ...KEYS, accessKeyId: 'AKIAGONE' }],
      ['unknown key', 'unknown key', 'unknown key'],
    ],
  ])('with exchanged keys only tries %s at its next connection', async (_what, later, refused) => {
    const versions = [{ ...KEYS, accessKeyId: 'AKIADELETED' }, ...later];
    const read = async () => JSON.stringify(versions.length > 1 ? versions.shift() : versions[0]);
    const auth = { type: 'iam-user', secret: 'ferry/aws' };
    const login = await resolveLogin('erp', database.source(auth), { read, identity: identityWith(KEYS) }, 0);
    // As an extraction has it, which goes from database to database.
    const visits = [await visit({ ...login }, auth), await visit({ ...login }, auth)];
    expect(visits.flatMap(({ received }) => distinct(received).map((each) => each.refused))).toEqual(refused);
  });

  it('is read over one connection, because a second one would use an expired token', async () => {
    const before = database.tokens.received.length;
    const session = await open(await signIn(iam), iam, { parallel: true });
    expect(session.reading).toEqual({ mode: 'single', reason: expect.stringContaining('tokens expire') });
    session.close();
    // MySQL: one to attach, and one to see that it is read-only.
    expect(database.tokens.received).toHaveLength(before + (type === 'mysql' ? 2 : 1));
  });

  it('cancels a session of a run with a new token', async () => {
    const login = await signIn(iam);
    let made = 0;
    const password = () => {
      made += 1;
      return (login.password as () => Promise<string>)();
    };
    const abort = new AbortController();
    const session = await open({ ...login, password }, iam, { signal: abort.signal });
    await using gate = await database.closeGate();
    const reading = session
      .askSource('read', `SELECT ${database.throughGate} AS gate`)
      .catch((error: unknown) => error);
    await gate.reached();
    abort.abort(new Error('enough'));
    expect(await reading).toMatchObject({ message: 'enough' });
    session.close();
    expect(made).toBe(2);
    await gate.open();
  });
});

describe('another name for the database', () => {
  let database: TokenDatabase;
  beforeAll(async () => {
    database = await startTokenDatabase('postgres');
  });
  afterAll(() => database[Symbol.asyncDispose]());

  const visit = async (host: string, signHost: string) => {
    const auth = { ...iam, signHost: `${signHost}:${database.port}` };
    const source = database.source(auth, { host });
    const secrets = createLocalSecretReader({
      values: new Map(),
      environment: {},
      identity: identityWith(KEYS),
    });
    const login = await resolveLogin('erp', source, secrets, 0);
    const folder = await surroundings.folder();
    const session = await SourceSession.open({ ...surroundings.options, source, login, folder });
    session.close();
  };

  it('is used for the connection, while signHost is signed for and must be in the certificate', async () => {
    await visit('127.0.0.1', 'localhost');
    expect(database.tokens.received).toMatchObject([{ refused: undefined }]);
  });

  it('gets no token when its certificate does not contain signHost', async () => {
    const before = database.tokens.received.length;
    await expect(visit('localhost', 'db.example.org')).rejects.toMatchObject({
      class: 'ConfigError',
      message: expect.stringContaining('is for another host name'),
    });
    expect(database.tokens.received).toHaveLength(before);
  });
});

describe('the stand-in that checks these tokens', () => {
  it('accepts none that was signed differently', async () => {
    const judge = createTokenJudge({ region: REGION, keys: [KEYS] });
    const scope = { host: 'db.example.org', port: 5432, region: REGION, username: 'ferry' };
    const token = await signToken(scope, KEYS);
    expect(judge.judge('ferry', token)).toBeUndefined();
    expect(judge.judge('other', token)).toBe('another user');
    expect(judge.judge('ferry', token.replace('db.example', 'dc.example'))).toBe('a wrong signature');
    expect(judge.judge('ferry', 'password')).toBe('no token');
    judge.advance(16);
    expect(judge.judge('ferry', token)).toBe('expired');
  });
});
