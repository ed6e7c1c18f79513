import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  configPartOf,
  credentialsOf,
  type Draft,
  metadataOf,
  newDraft,
  patternsOf,
  qualifiedNameFor,
  withSource,
} from '../../../console/logic/draft.ts';
import { checkConfigPart } from '../../../shared/api/setup/check-config-part.ts';
import { writeConfigPart } from '../../../shared/api/setup/write-config-part.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';

const empty = newDraft('Europe/Berlin', Date.UTC(2026, 10, 30));
const NOTHING = { sources: [], targets: [], jobs: [] };

const draft = (kind: Draft['kind'], facts: Partial<Draft> = {}): Draft => ({
  ...empty,
  kind,
  connection: {
    ...empty.connection,
    name: 'hr',
    host: 'hr.stadt.example',
    database: 'hr',
    username: 'ferry',
    password: 'GEHEIM',
    secret: 'ferry/hr',
  },
  job: 'new-job',
  query: 'SELECT 1 AS id',
  dataset: 'ds_a',
  ...facts,
});

describe('the part of ferry.yaml', () => {
  it('of an extraction has what was ticked, as patterns', () => {
    const part = configPartOf(
      draft('extraction', {
        filter: { means: 'include', ticked: { hr: ['public', 'a.b'], 'größe (alt)': '*' } },
        ownDatabase: 'hr',
        tempTableRegex: '^tmp_',
        cron: ' 0 5 * * * ',
      }),
    );
    expect(part).toEqual({
      sources: {
        hr: {
          type: 'postgres',
          host: 'hr.stadt.example',
          database: 'hr',
          auth: { type: 'password', secret: 'ferry/hr' },
          connection: { qualifiedName: 'default/postgres/1795996800' },
        },
      },
      extractions: {
        'new-job': {
          sources: ['hr'],
          databases: ['hr', 'größe (alt)'],
          include: { '^hr$': ['^public$', '^a\\.b$'], '^größe \\(alt\\)$': '*' },
          tempTableRegex: '^tmp_',
          schedule: { cron: '0 5 * * *', timezone: 'Europe/Berlin' },
        },
      },
    });
  });

  it('names only what is new', () => {
    expect(configPartOf(draft('sync', { source: 'erp', target: 'default' }))).toEqual({
      syncs: { 'new-job': { source: 'erp', query: 'SELECT 1 AS id', dataset: 'ds_a' } },
    });
  });

  it.each(['basic', 'iam_user', 'iam_role'] as const)('with %s holds no secret', (authType) => {
    const { connection } = draft('sync');
    const given = draft('sync', {
      connection: {
        ...connection,
        authType,
        accessKeyId: 'AKIAGEHEIM',
        roleArn: 'arn:aws:iam::123456789012:role/ferry',
        region: 'eu-central-1',
      },
    });
    const part = configPartOf(given);
    expect(JSON.stringify(part)).not.toContain('GEHEIM');
    expect(checkConfigPart(part, part, NOTHING, 'undecided')).toEqual([]);
    expect(Object.keys(credentialsOf(given))).not.toContain('tls');
  });

  // What people may type or a database may be called: YAML's own characters, words and numbers, umlauts, what editors
  // and chats turn into something else.
  const odd = fc.oneof(
    fc.constantFrom(
      ...'yes no null ~ true 1.0 0x1f 1e3 .inf <<  -  - ? : # & * ! | > % @ ` " \' {} [] , ä ß \u00a0 \u00a0x – • ： \ufeff \u200b \ud83d\ude00'.split(
        ' ',
      ),
      '',
      '---',
      '...',
      '2026-11-30',
      '<<<<<<< HEAD',
      'a: b',
      'a #b',
      ' a',
      'a ',
      '\t',
      'a\\b',
      '$1',
      'a.b',
      '^(x|y)*$',
      '__proto__',
      'constructor',
    ),
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.string({ unit: 'binary', maxLength: 10 }),
    fc.string({ maxLength: 30 }),
  );
  const lines = fc.array(odd, { minLength: 1, maxLength: 4 }).map((all) => all.join('\n'));

  /** Either ferry.yaml says what was meant, or the form says what is wrong. */
  const expectTrue = (given: Draft) => {
    const part = configPartOf(given);
    const problems = checkConfigPart(part, part, NOTHING, 'undecided');
    if (problems.length > 0) return false;
    const config = parseConfig(`version: 1\n${writeConfigPart(part)}`, 'ferry.yaml', 'undecided');
    expect(config.sources).toMatchObject(part.sources ?? {});
    expect(config.syncs).toMatchObject(part.syncs ?? {});
    expect(config.extractions).toMatchObject(part.extractions ?? {});
    return true;
  };

  it('of a sync parses to what was typed, whatever that was', () => {
    let right = 0;
    fc.assert(
      fc.property(odd, odd, lines, odd, (job, database, query, name) => {
        const { connection } = draft('sync');
        if (expectTrue(draft('sync', { query, connection: { ...connection, database } }))) right += 1;
        expectTrue(draft('sync', { job, connection: { ...connection, name } }));
      }),
      { numRuns: 150 },
    );
    expect(right).toBeGreaterThan(30);
  });

  it('of an extraction parses to what was ticked, whatever it is called', () => {
    let right = 0;
    fc.assert(
      fc.property(
        odd,
        fc.array(odd, { maxLength: 3 }),
        odd,
        odd,
        (database, schemas, regex, connectionName) => {
          const ticked = Object.fromEntries([[database, schemas.length === 0 ? ('*' as const) : schemas]]);
          const filter = { means: 'exclude' as const, ticked };
          if (expectTrue(draft('extraction', { filter, tempTableRegex: regex, connectionName }))) right += 1;
        },
      ),
      { numRuns: 150 },
    );
    expect(right).toBeGreaterThan(30);
  });
});

it('names a connection by its kind of database, unless somebody has written another name', () => {
  expect(qualifiedNameFor('mysql', empty.qualifiedName)).toBe('default/mysql/1795996800');
  expect(qualifiedNameFor('mysql', 'stadt/postgres/1')).toBe('stadt/postgres/1');
  expect(qualifiedNameFor('mysql', 'stadt/postgres/1', 'stadt')).toBe('stadt/mysql/1');
});

describe('patterns', () => {
  it('match exactly the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (name, other) => {
        const [pattern = ''] = Object.keys(patternsOf({ [name]: '*' }));
        fc.pre(name !== '__proto__' && !/[\n\r\u2028\u2029]/.test(name + other));
        expect(new RegExp(pattern).test(name)).toBe(true);
        expect(new RegExp(pattern).test(other)).toBe(other === name);
      }),
    );
  });

  it('go into the one filter that was meant', () => {
    const filter = { means: 'exclude' as const, ticked: { hr: ['public'] } };
    expect(metadataOf(draft('extraction', { filter }))).toEqual({
      'include-filter': {},
      'exclude-filter': { '^hr$': ['^public$'] },
      'temp-table-regex': '',
    });
  });
});

describe('a new source', () => {
  const of = (facts: Partial<Draft['connection']>, vouched: Parameters<typeof newDraft>[2]) => {
    const made = draft('extraction');
    const { qualifiedName, ca } = newDraft('UTC', Date.UTC(2026, 10, 30), vouched);
    const connection = { ...made.connection, ...facts };
    return configPartOf({ ...made, qualifiedName, ca, connection }).sources?.hr;
  };

  it('belongs to the tenant, and trusts whom the host trusts', () => {
    const vouched = { tenant: 'stadt', ca: 'certs/town.pem' };
    expect(of({}, vouched)).toMatchObject({
      connection: { qualifiedName: 'stadt/postgres/1795996800' },
      tls: { ca: 'certs/town.pem' },
    });
    expect(of({ tls: 'verify-ca' }, vouched)?.tls).toEqual({ mode: 'verify-ca', ca: 'certs/town.pem' });
    expect(of({ tls: 'disable' }, vouched)?.tls).toEqual({ mode: 'disable' });
    expect(of({ tls: 'disable', authType: 'iam_user' }, vouched)?.tls).toEqual({ ca: 'certs/town.pem' });
    expect(of({}, {})).not.toHaveProperty('tls');
  });

  it('is quoted where an older reader of YAML would read something else', () => {
    const part = configPartOf({ ...draft('sync'), job: 'no', dataset: 'on', target: 'yes', timezone: 'UTC' });
    const yaml = writeConfigPart(part);
    for (const line of ['  "no":', 'dataset: "on"', 'polyteia: "yes"']) expect(yaml).toContain(line);
    expect(yaml).toContain('host: hr.stadt.example');
  });
});

describe('another source', () => {
  const known = { name: 'ERP', qualifiedName: 'default/postgres/1745501106' };
  const setup = {
    sources: [
      { name: 'erp', type: 'postgres' as const, connection: known },
      { name: 'hr', type: 'mysql' as const },
    ],
    targets: [],
    jobs: [],
    acceptsCredentials: true,
    describesQueries: true,
    startsNew: true,
  };
  const now = Date.UTC(2026, 10, 30);

  it('brings the connection that Atlan knows it by', () => {
    expect(withSource(empty, 'erp', setup, now)).toEqual({
      source: 'erp',
      connectionName: 'ERP',
      qualifiedName: known.qualifiedName,
    });
  });

  it('never keeps that of the one before', () => {
    const before = { ...empty, ...withSource(empty, 'erp', setup, now) };
    expect(withSource(before, 'hr', setup, now)).toEqual({
      source: 'hr',
      connectionName: '',
      qualifiedName: '',
    });
    expect(withSource(before, '', setup, now)).toEqual({
      source: '',
      connectionName: '',
      qualifiedName: 'default/postgres/1795996800',
    });
  });
});
