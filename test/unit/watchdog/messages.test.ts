import { describe, expect, it } from 'vitest';
import { messageOf, subjectOf } from '../../../shared/watchdog/alerts/alert-message.ts';
import { englishAlerts } from '../../../shared/watchdog/alerts/english-alerts.ts';
import { germanAlerts } from '../../../shared/watchdog/alerts/german-alerts.ts';
import type { Incident } from '../../../shared/watchdog/alerts/incident.ts';
import { bodyOf, createWebhook } from '../../../shared/watchdog/alerts/webhook.ts';
import { runRecord } from '../../support/api.ts';
import { nightly } from '../../support/watchdog.ts';

const incident: Incident = {
  schemaVersion: 1,
  job: 'open-orders',
  source: 'erp',
  kind: 'failed',
  class: 'AuthError',
  subject: '019da4c5-6d40-7e2e-9d4a-3a0c8f3b2a11',
  since: '2026-11-20T03:30:12.000Z',
  state: 'telling',
  about: 'problem',
  sentTo: [],
};
const where = {
  stack: 'ferry-prod',
  jobs: { 'open-orders': nightly },
  apiUrl: 'https://api.example.org/v1/',
  logsUrl: () => 'https://console.example.org/logs',
};
const record = runRecord({
  id: incident.subject,
  job: 'open-orders',
  state: 'failed',
  error: {
    class: 'AuthError',
    message: 'The source at erp.example.org:5432 refused the login of user "ferry".',
    hint: 'Prüfen Sie: the secret may have been rotated.',
    phase: 'session',
  },
});

describe('a mail', () => {
  it('cannot affect the terminal of a reader, even with a record of an earlier release', () => {
    const error = { class: 'GuardError', message: 'no\u001b[2J\nJob: forged', hint: '\u202edrop' };
    const { text } = messageOf([{ incident, record: { ...record, error } }], where);
    expect(text).toContain('no\\u001b[2J\\u000aJob: forged');
    expect(text).not.toMatch(/\p{Cf}|(?!\n)\p{Cc}/u);
  });

  it('says what happened, since when, and what to do', () => {
    const message = messageOf([{ incident, record, lastGood: '2026-11-19T03:30:41.000Z' }], where);
    expect(message.subject).toBe('open-orders failed: AuthError [Ferry, ferry-prod]');
    expect(message.text).toMatchInlineSnapshot(`
      "Job:            open-orders (sync of the source erp)
      What:           Its runs fail with AuthError.
      Error:          AuthError in the phase "session": The source at erp.example.org:5432 refused the login of user "ferry".
      Since:          2026-11-20 04:30:12 Europe/Berlin
      Last good run:  2026-11-19 04:30:41 Europe/Berlin
      What to try:    Prüfen Sie: the secret may have been rotated.
      Run:            019da4c5-6d40-7e2e-9d4a-3a0c8f3b2a11, GET https://api.example.org/v1/runs/019da4c5-6d40-7e2e-9d4a-3a0c8f3b2a11
      Start it again: POST https://api.example.org/v1/jobs/open-orders/runs
      Logs:           https://console.example.org/logs

      This is reported once. You will be notified again when a run succeeds, or fails with another error.
      "
    `);
    expect(message.alerts).toEqual([
      {
        job: 'open-orders',
        source: 'erp',
        kind: 'failed',
        class: 'AuthError',
        about: 'problem',
        since: incident.since,
        runId: incident.subject,
      },
    ]);
  });

  it.each([
    ['of a recovery', { about: 'recovery', recoveredAt: '2026-11-20T05:00:00.000Z' }, 'works again'],
    ['of a recovery of an overdue job', { kind: 'overdue', about: 'recovery' }, 'works again'],
    ['of an overdue job', { kind: 'overdue' }, 'did not run when planned'],
    [
      'of a slow job',
      { kind: 'near-time', measured: { value: 800_000, limit: 900_000 } },
      'is near its time limit',
    ],
    ['of a large job', { kind: 'near-rows', measured: { value: 900, limit: 1000 } }, 'is near its maxRows'],
    ['of a lost start', { kind: 'dead-letter', class: 'RetriesExhausted' }, 'lost a start: RetriesExhausted'],
  ] as const)('%s has a subject and its own text', (_, facts, summary) => {
    const { subject, text } = messageOf([{ incident: { ...incident, ...facts } as Incident }], where);
    expect(subject).toBe(`open-orders ${summary} [Ferry, ferry-prod]`);
    expect(text).toContain('open-orders (sync of the source erp)');
    expect(text).not.toContain('undefined');
  });

  it.each([
    ['as long as names may be', 'x'.repeat(63), 'y'.repeat(128)],
    ['with what is not ASCII', 'open-orders', 'städte\nund mehr'],
  ])('has a subject that SNS accepts, %s', (_, job, stack) => {
    const subject = subjectOf([{ incident: { ...incident, job } }], { stack });
    expect(subject).toMatch(/^[\x20-\x7e]{1,99}$/);
    expect(subject).toContain(job);
  });
});

describe('a mail in German', () => {
  const german = { ...where, language: 'de' } as const;

  it('says the same, but for what the error says', () => {
    const message = messageOf([{ incident, record, lastGood: '2026-11-19T03:30:41.000Z' }], german);
    expect(message.subject).toBe('open-orders fehlgeschlagen: AuthError [Ferry, ferry-prod]');
    expect(message.text).toMatchInlineSnapshot(`
      "Job:                 open-orders (Sync der Quelle erp)
      Was:                 Seine Läufe schlagen fehl (AuthError).
      Fehler:              AuthError in der Phase „session“: The source at erp.example.org:5432 refused the login of user "ferry".
      Seit:                20.11.2026, 04:30:12 Uhr (Europe/Berlin)
      Zuletzt erfolgreich: 19.11.2026, 04:30:41 Uhr (Europe/Berlin)
      Was zu tun ist:      Prüfen Sie Benutzername und Kennwort im Geheimnis der Quelle. Näheres zu AuthError steht in docs/de/troubleshooting.md.
      Hinweis (englisch):  Prüfen Sie: the secret may have been rotated.
      Lauf:                019da4c5-6d40-7e2e-9d4a-3a0c8f3b2a11, GET https://api.example.org/v1/runs/019da4c5-6d40-7e2e-9d4a-3a0c8f3b2a11
      Erneut starten:      POST https://api.example.org/v1/jobs/open-orders/runs
      Protokolle:          https://console.example.org/logs

      Dies wird einmal gemeldet. Sie werden wieder benachrichtigt, wenn ein Lauf erfolgreich ist oder mit einem anderen Fehler fehlschlägt.
      "
    `);
  });

  const kinds = [
    { about: 'recovery', recoveredAt: '2026-11-20T05:00:00.000Z' },
    { kind: 'overdue', about: 'recovery' },
    { class: 'partial' },
    { kind: 'overdue' },
    { kind: 'near-time', measured: { value: 800_000, limit: 900_000 } },
    { kind: 'near-time' },
    { kind: 'near-rows', measured: { value: 900_000, limit: 1_000_000 } },
    { kind: 'near-rows' },
    { kind: 'dead-letter', class: 'RetriesExhausted' },
    { kind: 'dead-letter', class: 'ConfigError' },
  ].map((facts) => ({ ...incident, ...facts }) as Incident);

  it.each(kinds)('has nothing English in its frame: $kind $about $class', (one) => {
    for (const scheduler of ['process', 'eventbridge'] as const)
      for (const count of [1, 7]) {
        const group = Array.from({ length: count }, (_, index) => ({
          incident: { ...one, job: `j${index}` },
        }));
        const [other, own] = [
          messageOf(group, { ...where, scheduler }),
          messageOf(group, { ...german, scheduler }),
        ];
        expect(own.subject).toMatch(/^[\x20-\x7e]{1,99}$/);
        expect(own.subject).not.toContain('?');
        expect(own.text).not.toMatch(/undefined|\b(the|is|of|and|run)\b/);
        const shared = new Set(other.text.split('\n'));
        const same = own.text
          .split('\n')
          .filter((line) => line !== '----' && line !== '' && shared.has(line));
        expect(same).toEqual([]);
      }
  });

  it('tells the two times of a clock that was set back apart', () => {
    const shown = (iso: string) => [englishAlerts, germanAlerts].map((of) => of.time(iso, 'Europe/Berlin'));
    expect([shown('2026-10-25T00:30:00Z'), shown('2026-10-25T01:30:00Z')]).toEqual([
      ['2026-10-25 02:30:00 +02:00 Europe/Berlin', '25.10.2026, 02:30:00 Uhr (+02:00, Europe/Berlin)'],
      ['2026-10-25 02:30:00 +01:00 Europe/Berlin', '25.10.2026, 02:30:00 Uhr (+01:00, Europe/Berlin)'],
    ]);
    const once = [
      '2026-10-24T23:59:59Z',
      '2026-10-25T02:00:00Z',
      '2026-03-29T00:30:00Z',
      '2026-03-29T01:30:00Z',
    ];
    for (const iso of once) expect(shown(iso).join()).not.toContain('+0');
    expect(englishAlerts.time('2026-11-01T05:30:00Z', 'America/New_York')).toBe(
      '2026-11-01 01:30:00 -04:00 America/New_York',
    );
  });

  it('writes numbers and moments as in German', () => {
    const texts = kinds.map((one) => messageOf([{ incident: one }], german).text).join('\n');
    expect(texts).toContain('900.000 Zeilen; mehr als 1.000.000');
    expect(texts).toContain('13 min 20 s von höchstens 15 min 00 s');
    expect(texts).toContain('20.11.2026, 04:30:12 Uhr (Europe/Berlin)');
  });
});

describe('a webhook', () => {
  const message = messageOf([{ incident, record }], where);
  const answer = (status: number) => {
    const calls: [string, RequestInit][] = [];
    const send = (async (url: URL, init: RequestInit) => {
      calls.push([String(url), init]);
      return new Response('', { status });
    }) as typeof fetch;
    return { calls, send };
  };

  it.each(['https://hooks.example.org/T0/B1/x', '{"url": "https://hooks.example.org/T0/B1/x"}'])(
    'gets JSON whose text Slack and Teams show: %s',
    async (secret) => {
      const { calls, send } = answer(200);
      await createWebhook(async () => secret, send).send(message);
      const [[url, init] = ['', {} as RequestInit]] = calls;
      expect(url).toBe('https://hooks.example.org/T0/B1/x');
      expect(init.method).toBe('POST');
      expect(JSON.parse(String(init.body))).toEqual(bodyOf(message));
      expect(bodyOf(message).text).toContain(message.subject);
    },
  );

  it.each(['http://hooks.example.org/x', '{"uri": "https://hooks.example.org/x"}', '{x', 'T0/B1/x'])(
    'is not called if its address is not https: %s',
    async (secret) => {
      const { calls, send } = answer(200);
      await expect(createWebhook(async () => secret, send).send(message)).rejects.toMatchObject({
        class: 'ConfigError',
        message: expect.not.stringContaining('T0'),
      });
      await expect(createWebhook(async () => secret, send).assertUsable?.()).rejects.toMatchObject({
        class: 'ConfigError',
      });
      expect(calls).toEqual([]);
    },
  );

  it.each([404, 500])('that answers %d did not get the message', async (status) => {
    const { send } = answer(status);
    await expect(
      createWebhook(async () => 'https://hooks.example.org/T0', send).send(message),
    ).rejects.toMatchObject({
      class: 'NotificationError',
      message: `The webhook answered ${status}.`,
    });
  });

  it.each([
    [302, /redirects to another address/],
    [410, /still exists/],
    [408, undefined],
    [429, undefined],
    [503, undefined],
  ])('that answers %d says what to do, if there is something', async (status, hint) => {
    // As fetch does.
    const send = (async (_url, { redirect } = {}) => {
      if (status === 302 && redirect === 'error') throw new TypeError('unexpected redirect');
      return new Response('', { status });
    }) as typeof fetch;
    await expect(
      createWebhook(async () => 'https://hooks.example.org/T0', send).send(message),
    ).rejects.toMatchObject({
      message: `The webhook answered ${status}.`,
      hint: hint && expect.stringMatching(hint),
    });
  });

  it('that cannot be reached is not named', async () => {
    const send = (async () => {
      throw new TypeError('fetch failed: https://hooks.example.org/T0');
    }) as typeof fetch;
    await expect(
      createWebhook(async () => 'https://hooks.example.org/T0', send).send(message),
    ).rejects.toMatchObject({
      class: 'NotificationError',
      message: 'The webhook cannot be reached.',
    });
  });
});
