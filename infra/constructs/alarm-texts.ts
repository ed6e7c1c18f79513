import type { Language } from '../../shared/config/schema/language.ts';

/** What the mails of the stack's alarms say. */
export const alarmTexts: Readonly<
  Record<Language, Record<'silent' | 'failing' | 'unheard' | 'lostStarts', string>>
> = {
  en: {
    silent:
      'Ferry: the watchdog has not run for 15 minutes, so nobody is notified of failed jobs (docs/alerts.md).',
    failing: 'Ferry: the watchdog fails; see its log (docs/alerts.md).',
    unheard:
      "Ferry: messages about jobs do not reach the topic or the webhook; see the watchdog's log (docs/alerts.md).",
    lostStarts:
      'Ferry: a job was not started, or its run was killed three times, and the watchdog has not reported it. The dead-letter queue holds the event (docs/alerts.md).',
  },
  de: {
    silent:
      'Ferry: Der Watchdog ist seit 15 Minuten nicht gelaufen; fehlgeschlagene Jobs werden daher nicht gemeldet (docs/de/alerts.md).',
    failing: 'Ferry: Der Watchdog schlägt fehl; Näheres steht in seinem Protokoll (docs/de/alerts.md).',
    unheard:
      'Ferry: Meldungen über Jobs erreichen das Topic oder den Webhook nicht; Näheres steht im Protokoll des Watchdogs (docs/de/alerts.md).',
    lostStarts:
      'Ferry: Ein Job wurde nicht gestartet, oder sein Lauf wurde dreimal gewaltsam beendet, und der Watchdog hat es nicht gemeldet. Das Ereignis liegt in der Dead-Letter-Queue (docs/de/alerts.md).',
  },
};
