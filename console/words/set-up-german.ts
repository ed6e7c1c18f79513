import type { setUpEnglish } from './set-up-english.ts';

/** What the set-up form says, as a German administration writes. */
export const setUpGerman: typeof setUpEnglish = {
  nav: 'Einrichten',
  title: 'Einen Job einrichten',
  intro:
    'Dieses Formular prüft eine Verbindung, stellt einen Job zusammen und gibt am Ende die Zeilen für ferry.yaml aus. Es speichert nichts. Ein Kennwort wird nur mit den Anfragen gesendet, die sich bei der Quelle anmelden, und mit dem Verlassen dieser Seite vergessen.',
  again: 'Neu beginnen',

  what: 'Was möchten Sie einrichten?',
  kinds: {
    extraction: 'Eine Extraktion: Kataloge nach Atlan',
    sync: 'Einen Sync: das Ergebnis einer Abfrage in einen Polyteia-Datensatz',
  },

  connection: 'Verbindung',
  source: 'Quelle',
  newSource: 'eine neue',
  noCredentials:
    'Hier stehen nur Quellen aus der Konfiguration zur Verfügung. Um eine neue mit ihren Zugangsdaten zu prüfen, starten Sie Ferry mit --allow-hosts und den zulässigen Adressen (docs/console.md).',
  noSources: 'Die Konfiguration enthält noch keine Quellen.',
  sourceName: 'Name der Quelle in ferry.yaml',
  type: 'Art der Datenbank',
  types: { postgres: 'PostgreSQL', mysql: 'MySQL oder MariaDB' },
  host: 'Rechnername oder Adresse',
  port: 'Port (leer: der übliche)',
  database: 'Datenbank',
  signIn: 'Anmeldung mit',
  signIns: {
    basic: 'Benutzername und Kennwort',
    iam_user: 'Schlüssel eines IAM-Benutzers',
    iam_role: 'einer IAM-Rolle',
  },
  username: 'Datenbankbenutzer',
  password: 'Kennwort',
  accessKeyId: 'Zugriffsschlüssel-ID',
  secretAccessKey: 'Geheimer Zugriffsschlüssel',
  roleArn: 'ARN der Rolle',
  externalId: 'Externe ID (freiwillig)',
  region: 'AWS-Region (leer: aus dem Rechnernamen)',
  tls: 'Verschlüsselung, wie sie in ferry.yaml stehen soll',
  tlsModes: {
    'verify-full': 'Zertifikat und Rechnername prüfen',
    'verify-ca': 'nur das Zertifikat prüfen',
    require: 'verschlüsseln, ohne zu prüfen',
    disable: 'nicht verschlüsseln',
  },
  tlsHint:
    'Der Test verschlüsselt, wie --credentials-tls es vorgibt; ohne Angabe wird alles geprüft, außer auf diesem Rechner.',
  secret: 'Name des Geheimnisses, das die Zugangsdaten enthalten wird',
  test: 'Verbindung testen',
  testing: 'Anmeldung läuft …',
  signedIn: 'Die Quelle hat die Anmeldung angenommen.',
  first: 'Testen Sie zuerst die Verbindung: Die nächsten Schritte befragen die Quelle.',

  schemas: 'Datenbanken und Schemas',
  schemasHint:
    'Kreuzen Sie an, was gemeint ist. Ohne Auswahl wird alles gelesen, was die Anmeldung in ihrer eigenen Datenbank sieht.',
  means: 'Die angekreuzten werden',
  meanings: { include: 'gelesen, alle übrigen nicht', exclude: 'ausgelassen' },
  allSchemas: (database) => `alle Schemas von ${database}, auch künftige`,
  noSchemas: 'Die Anmeldung sieht hier keine Schemas.',
  tempTables: 'Tabellen auslassen, deren Name passt (regulärer Ausdruck, freiwillig)',
  preflight: 'Prüfen',
  preflighting: 'Wird geprüft …',
  preflightHint: 'Die Prüfungen, mit denen ein Lauf beginnt, für die eigene Datenbank der Quelle.',
  checks: {
    databaseSchemaCheck: 'Datenbanken und Schemas vorhanden',
    tablesCheck: 'Tabellen',
    versionCheck: 'Version des Servers',
  },

  query: 'Abfrage',
  queryText: 'SELECT in der SQL-Sprache der Quelle',
  exactness: 'Typen',
  exactnesses: {
    exact: 'jeder Wert genau, sonst schlägt der Lauf fehl',
    compatible: 'wie der Go-Connector sie geschrieben hat',
  },
  showColumns: 'Spalten anzeigen',
  describing: 'Die Quelle wird befragt …',
  columnsHint: 'Die Quelle bereitet die Abfrage vor. Es wird keine Zeile gelesen.',
  noColumns:
    'Von hier aus lassen sich keine Abfragen beschreiben. Prüfen Sie den Job, sobald er konfiguriert ist: Seine Seite zeigt die Spalten.',
  target: 'Datensatz',
  dataset: 'ID des Polyteia-Datensatzes (ds_…)',
  toTarget: 'Polyteia-Ziel',
  newTarget: 'ein neues mit dem Namen default',
  token: 'Name des Geheimnisses, das den persönlichen Zugriffsschlüssel enthalten wird',
  organization: 'Organisation (für die Session-API)',

  job: 'Name und Zeitplan',
  jobName: 'Name des Jobs',
  connectionName: 'Name der Verbindung in Atlan (leer: der Name der Quelle)',
  qualifiedName: 'Ihr qualifiedName in Atlan',
  cron: 'Zeitplan (cron; leer: keiner)',
  cronHint: 'Minute, Stunde, Tag, Monat, Wochentag: 30 4 * * 1-5 bedeutet werktags um 4:30 Uhr.',
  timezone: 'Zeitzone',

  lines: 'Zeilen für ferry.yaml',
  write: 'Zeilen ausgeben',
  writing: 'Wird zusammengestellt …',
  problems: (count, value) =>
    value === 1 ? 'Eine Angabe ist noch nicht richtig:' : `${count} Angaben sind noch nicht richtig:`,
  linesHint:
    'Fügen Sie die Zeilen in ferry.yaml ein. Wo es sources:, polyteia:, syncs: oder extractions: schon gibt, kommen sie darunter, ohne die jeweils erste Zeile.',
  copy: 'Kopieren',
  copied: 'Kopiert.',
  secrets: 'Die Geheimnisse',
  secretsAws: 'Auf AWS im Secrets Manager: Jeder Befehl wartet auf die Eingabe des Wertes.',
  secretsLocal: 'Auf diesem Rechner in secrets.json neben ferry.yaml (chmod 600, nicht in git):',
  next: 'Danach',
  startNow: 'Sofort starten',
  startHint:
    'Ferry liest die gewählten Schemas einmal und schreibt deren Einträge in die Ausgabe, noch bevor etwas in ferry.yaml steht.',
  startOwnOnly:
    'Ein Start von hier liest nur die eigene Datenbank der Quelle. Die Zeilen oben lesen auch die übrigen.',
  start: 'Starten',
  starting: 'Wird gestartet …',
  started: 'Der Lauf wurde gestartet.',
  toRun: 'Ansehen',
};
