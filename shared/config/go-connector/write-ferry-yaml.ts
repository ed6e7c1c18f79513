import { Document, type Node, type Pair, Scalar, visit, type YAMLMap } from 'yaml';
import { nameSome } from '../../text/name-some.ts';
import { messageOfRefusal } from '../rules/aws-schedule-warnings.ts';
import { toEventBridgeSchedule } from '../schedule/eventbridge-schedule.ts';
import type { MergedConnectors } from './merge-connectors.ts';

const HEADER = ` yaml-language-server: $schema=./ferry.schema.json
 Converted from Polyteia's Go connector by \`ferry init --from-env\`. It names secrets but does not contain them.`;

// Groups that are easier to read on one line.
const inlineGroups = new Set(['auth', 'tls', 'schedule', 'ingest']);

/** The text of a ferry.yaml for merged connectors. The same connectors always give the same text. */
export function writeFerryYaml({ sources, polyteia, syncs, labels }: MergedConnectors): string {
  // Readers of the older standard take `no` and `on` for truth values.
  const document = new Document(
    {
      version: 1,
      sources: trimSources(sources),
      polyteia,
      syncs: trimSyncs(syncs),
    },
    { compat: 'yaml-1.1' },
  );
  document.commentBefore = HEADER;
  visit(document, {
    Pair(_key, pair, path) {
      const key = String((pair.key as Scalar).value);
      const value = pair.value as YAMLMap | null;
      if (inlineGroups.has(key) || isTarget(path)) (value as YAMLMap).flow = true;
      // Without quotes, a cron expression would look like an alias.
      if (key === 'cron') (pair.value as unknown as Scalar).type = Scalar.QUOTE_DOUBLE;
    },
  });
  const users = (field: 'source' | 'polyteia', name: string) =>
    Object.entries(syncs).flatMap(([job, sync]) => (sync[field] === name ? [labels[job] ?? job] : []));
  // Two for one database, or one organization, differ in something: whose they are tells why there are two.
  const sharesDatabase = alike(sources, ({ database }) => database);
  const sharesOrganization = alike(polyteia, ({ organization }) => organization);
  for (const { key } of mapAt(document, 'sources'))
    if (sharesDatabase(String(key.value)))
      key.commentBefore = ` ${nameSome(users('source', String(key.value)))}`;
  for (const { key } of mapAt(document, 'polyteia'))
    if (sharesOrganization(String(key.value)))
      key.commentBefore = ` ${nameSome(users('polyteia', String(key.value)))}`;
  for (const { key } of mapAt(document, 'syncs')) {
    const name = String(key.value);
    // The connector always had a schedule: its default, if nothing else.
    const { schedule } = syncs[name] ?? {};
    const refused = schedule && messageOfRefusal(() => toEventBridgeSchedule(schedule)) !== undefined;
    key.commentBefore = ` ${labels[name]}${refused ? '; AWS cannot keep its schedule, ferry serve does' : ''}`;
  }
  for (const pair of (document.contents as YAMLMap).items.slice(1) as Pair<Scalar, Node>[])
    pair.key.spaceBefore = true;
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

const mapAt = (document: Document, name: string) =>
  (document.get(name) as YAMLMap<Scalar, Node> | undefined)?.items ?? [];

/** Whether another one has the same trait, by the name of each. */
function alike<Value>(all: Readonly<Record<string, Value>>, trait: (value: Value) => string | undefined) {
  const groups = Map.groupBy(Object.entries(all), ([, value]) => trait(value));
  return (name: string) => {
    const own = all[name];
    return own !== undefined && (groups.get(trait(own))?.length ?? 0) > 1;
  };
}

function isTarget(path: readonly unknown[]): boolean {
  // document → top map → pair `polyteia` → its map → this pair
  const parent = path.at(-2) as { key?: Scalar } | undefined;
  return path.length === 4 && parent?.key?.value === 'polyteia';
}

/** Removes what is the default. */
function trimSources(sources: MergedConnectors['sources']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(sources).map(([name, { tls, ...source }]) => [
      name,
      tls.mode === 'verify-full' ? source : { ...source, tls },
    ]),
  );
}

function trimSyncs(syncs: MergedConnectors['syncs']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(syncs).map(([name, { polyteia, ...sync }]) => [
      name,
      polyteia === 'default' ? sync : { ...sync, polyteia },
    ]),
  );
}
