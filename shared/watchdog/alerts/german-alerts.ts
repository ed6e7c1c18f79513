import { offsetOfTwin } from '../../config/schedule/clock-changes.ts';
import { formatDuration } from '../../text/format.ts';
import { PARTIAL } from '../problems.ts';
import type { AlertWords } from './alert-words.ts';

const counts = new Intl.NumberFormat('de-DE');
const rows = (count: number) => `${counts.format(count)} ${count === 1 ? 'Zeile' : 'Zeilen'}`;
const duration = (ms: number) => formatDuration(ms).replace('.', ',');
const jobKinds = { sync: 'Sync', extraction: 'Extraktion' } as const;

const TRANSLITERATED: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  Ä: 'Ae',
  Ö: 'Oe',
  Ü: 'Ue',
  ß: 'ss',
};

const byClass: Readonly<Record<string, string>> = {
  ConfigError: 'Berichtigen Sie die Konfiguration, das Geheimnis oder den Namen, den der Fehler nennt.',
  AuthError: 'Prüfen Sie Benutzername und Kennwort im Geheimnis der Quelle.',
  QueryError: 'Prüfen Sie die Abfrage: Die Quelle lehnt sie ab, oder sie scheitert an den Daten.',
  ExactnessError:
    'Wandeln Sie die genannte Spalte in der Abfrage um, oder geben Sie ihr unter columns einen Typ.',
  GuardError:
    'Prüfen Sie das Ergebnis. Ist es richtig, nehmen Sie es mit ferry accept an; sonst berichtigen Sie die Daten der Quelle.',
  PolyteiaRejectedError: 'Prüfen Sie Schlüssel, Berechtigung und Datensatz bei Polyteia.',
  SourceUnavailableError:
    'Prüfen Sie, ob die Datenbank läuft und von dort aus erreichbar ist, wo der Job läuft (ferry check).',
  PolyteiaUnavailableError: 'Prüfen Sie, ob Polyteia und der Weg dorthin (Proxy, Firewall) funktionieren.',
  StorageUnavailableError: 'Prüfen Sie, ob der Speicher von Ferry erreichbar ist und den Zugriff erlaubt.',
  StateError: 'Reparieren oder entfernen Sie das Dokument, das der Fehler nennt.',
  DeadlineError: 'Erhöhen Sie die Höchstdauer, oder lesen Sie weniger.',
  LostError: 'Geben Sie dem Lauf mehr Arbeitsspeicher (memory).',
  LeaseLostError: 'Prüfen Sie, ob der Rechner angehalten oder überlastet war.',
  AccessError: 'Ergänzen Sie die Berechtigung, die AWS verweigert hat.',
  UnexpectedError: 'Dies ist ein Fehler in Ferry. Bitte melden Sie ihn.',
};

const adviceOf = (type: string) => {
  if (type === PARTIAL) return 'Die Seite des Laufs nennt die Datenbanken und die Gründe.';
  const known = Object.hasOwn(byClass, type) ? `${byClass[type]} ` : '';
  return `${known}Näheres zu ${type} steht in docs/de/troubleshooting.md.`;
};

/** As a German administration writes. */
export const germanAlerts: AlertWords = {
  labels: {
    job: 'Job',
    what: 'Was',
    error: 'Fehler',
    planned: 'Geplant für',
    since: 'Seit',
    worksAgain: 'Funktioniert wieder',
    lastGood: 'Zuletzt erfolgreich',
    advice: 'Was zu tun ist',
    run: 'Lauf',
    start: 'Erneut starten',
    logs: 'Protokolle',
  },
  hint: 'Hinweis (englisch)',
  noneYet: 'noch nie',
  jobs: (count, source) => `${count} Jobs${source === '' ? '' : ` der Quelle ${source}`}`,

  summary({ about, kind, class: type }, count) {
    if (about === 'recovery') return count === 1 ? 'funktioniert wieder' : 'funktionieren wieder';
    switch (kind) {
      case 'failed':
        if (type === PARTIAL) return 'unvollständig: einige Datenbanken sind fehlgeschlagen';
        return `fehlgeschlagen: ${type}`;
      case 'overdue':
        return 'nicht wie geplant gelaufen';
      case 'near-time':
        return 'nahe an der Höchstdauer';
      case 'near-rows':
        return 'nahe an maxRows';
      case 'dead-letter':
        return `ein Start ging verloren: ${type}`;
    }
  },

  nameJob({ job, source }, kind) {
    if (source !== '') return `${job} (${jobKinds[kind]} der Quelle ${source})`;
    return kind === 'extraction' ? `${job} (Extraktion mehrerer Quellen)` : job;
  },

  errorOf: ({ class: type, message, phase }) =>
    `${type}${phase === undefined ? '' : ` in der Phase „${phase}“`}: ${message}`,

  whatHappened({ about, kind, class: type, measured }) {
    if (about === 'recovery') return kind === 'overdue' ? 'Er läuft wieder.' : 'Ein Lauf war erfolgreich.';
    switch (kind) {
      case 'failed':
        if (type === PARTIAL)
          return 'Seine Läufe schreiben für einige Datenbanken nichts; die übrigen sind vollständig.';
        return `Seine Läufe schlagen fehl (${type}).`;
      case 'overdue':
        return 'Zur geplanten Zeit hat kein Lauf begonnen.';
      case 'near-time':
        return measured
          ? `Ein Lauf hat ${duration(measured.value)} von höchstens ${duration(measured.limit)} gedauert.`
          : 'Ein Lauf hat fast so lange gedauert, wie er höchstens dauern darf.';
      case 'near-rows':
        return measured
          ? `Ein Ergebnis hat ${rows(measured.value)}; mehr als ${counts.format(measured.limit)} werden abgelehnt (guards.maxRows).`
          : 'Ein Ergebnis hat fast so viele Zeilen, wie guards.maxRows zulässt.';
      case 'dead-letter':
        return `AWS hat einen Start des Jobs aufgegeben (${type}).`;
    }
  },

  adviceFor({ kind, class: type }, record, { kind: jobKind, scheduler }) {
    switch (kind) {
      case 'failed':
        return adviceOf(record?.error?.class ?? type);
      case 'overdue':
        if (scheduler === 'process')
          return 'Prüfen Sie, ob ferry serve zu dieser Zeit lief und was dessen Protokoll über den Job sagt.';
        return 'Prüfen Sie, ob der Zeitplan im EventBridge Scheduler eingeschaltet ist und ob die Funktion gedrosselt wird (Lambda, Monitor).';
      case 'near-time':
        if (scheduler === 'process')
          return 'Erhöhen Sie --timeout, oder lesen Sie weniger, bevor die Läufe fehlschlagen.';
        return `Erhöhen Sie \`timeout\` (höchstens 15m) oder \`memory\` (damit steigt auch die Rechenleistung), oder ${jobKind === 'extraction' ? 'verteilen Sie die Datenbanken auf zwei Extraktionen' : 'lesen Sie weniger'}, bevor die Läufe fehlschlagen.`;
      case 'near-rows':
        return 'Erhöhen Sie guards.maxRows, falls so viele Zeilen richtig sind.';
      case 'dead-letter':
        if (type.endsWith('Error'))
          return `Schlagen Sie ${type} in docs/de/troubleshooting.md nach, und starten Sie den Job dann erneut.`;
        return 'RetriesExhausted: Der Prozess wurde jedes Mal gewaltsam beendet, meist aus Mangel an Arbeitsspeicher. Sonst: Die Funktion ließ sich nicht aufrufen. Starten Sie den Job erneut, sobald das behoben ist.';
    }
  },

  others: (count, names, isAll) =>
    `Dasselbe gilt für ${counts.format(count)} ${count === 1 ? 'weiteren Job' : 'weitere Jobs'}: ${names}${isAll ? '' : ', …'}.`,

  closing(first) {
    if (first?.about === 'recovery' || first?.kind === 'dead-letter') return 'Dies wird einmal gemeldet.';
    if (first?.kind === 'failed')
      return 'Dies wird einmal gemeldet. Sie werden wieder benachrichtigt, wenn ein Lauf erfolgreich ist oder mit einem anderen Fehler fehlschlägt.';
    if (first?.kind === 'overdue')
      return 'Dies wird einmal gemeldet. Sie werden wieder benachrichtigt, wenn ein Lauf erfolgreich ist.';
    return 'Dies wird einmal gemeldet, bis ein Lauf wieder deutlich unter der Grenze bleibt.';
  },

  time(iso, timeZone) {
    const shown = new Intl.DateTimeFormat('de-DE', { timeZone, dateStyle: 'medium', timeStyle: 'medium' });
    const offset = offsetOfTwin(timeZone, Date.parse(iso));
    return `${shown.format(new Date(iso))} Uhr (${offset === undefined ? '' : `${offset}, `}${timeZone})`;
  },
  ascii: (text) => text.replaceAll(/[äöüÄÖÜß]/g, (letter) => TRANSLITERATED[letter] ?? letter),
};
