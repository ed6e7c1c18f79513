import { readFileSync } from 'node:fs';
import { fillIn } from '../../../text/fill-in.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { isLocked, reasonOf } from './guarded/postgres-faults.ts';
import {
  measureRelations,
  openRelations,
  openUnknown,
  probeTexts,
  TO_OPEN,
} from './guarded/postgres-guarded.ts';
import { namesQuery } from './guarded/postgres-names.ts';
import { probedDetails, probedTexts } from './guarded/postgres-probes.ts';
import { STORED, scopeOf } from './postgres-placeholders.ts';
import { queriesOf } from './rows/postgres-rows.ts';
import { postgresScope } from './scope/postgres-scope.ts';
import { readSharedTexts } from './scope/postgres-shared-texts.ts';

/** How long to wait for a lock, in milliseconds, while the locks we hold may block others. */
const LOCK_TIMEOUT_MS = 250;

// Settings that make the server's texts the same for every login and every time:
// - search_path: names in it appear without their schema in definitions and types. pg_catalog comes first, so that a
// user's function or operator cannot replace the server's; public as in Atlan's app, whose logins have the default.
// - TimeZone and lc_monetary: constants in defaults, views and bounds of partitions. The other settings that these
// depend on are set at the beginning of each transaction (serverFacts of the dialect).
// - jit and nested loops: the planner expects a few rows where a big catalog has millions, above all before its first
// ANALYZE.
// - lock_timeout: below deadlock_timeout, so that nobody who waits for us becomes the victim of a deadlock. In Ferry's
// other transactions, serverFacts sets a longer one.
// They come from pg_settings, because not every version knows all of them. Types have their full names, because the
// login's own search_path is still in effect.
const settings = `SELECT
    coalesce((SELECT pg_catalog.has_language_privilege(l.oid, 'USAGE') FROM pg_catalog.pg_language AS l WHERE l.lanname = 'plpgsql'), false)
      AS guarded,
    pg_catalog.set_config(s.name, CASE s.name
      WHEN 'search_path' THEN 'pg_catalog, public' WHEN 'TimeZone' THEN 'UTC' WHEN 'lc_monetary' THEN 'C'
      WHEN 'lock_timeout' THEN (
        SELECT greatest(1, least(${LOCK_TIMEOUT_MS}, pg_catalog.div(d.setting::pg_catalog.numeric, 4)))::pg_catalog.text
        FROM pg_catalog.pg_settings AS d WHERE d.name = 'deadlock_timeout')
      ELSE 'off' END, true) AS a
  FROM pg_catalog.pg_settings AS s
  WHERE s.name IN ('search_path', 'TimeZone', 'lc_monetary', 'jit', 'enable_nestloop', 'quote_all_identifiers', 'lock_timeout')`;

export const postgresCatalog: Catalog = {
  form: 'postgres',
  place: {
    own: ({ database }) => database,
    loginFor: (login, database, databaseBytes) => ({
      ...login,
      database,
      ...(databaseBytes === undefined ? {} : { databaseBytes }),
    }),
  },
  scope: ({ ask }) => postgresScope(ask),
  queries: queriesOf,
  settings,
  readSharedTexts,
  orphans: readFileSync(new URL('./postgres-orphans.sql', import.meta.url), 'utf8'),
  measure: (state) => (state.guarded ? measureRelations(fillIn(STORED, scopeOf(state))) : undefined),
  opening: {
    toOpen: (state) => fillIn(TO_OPEN, scopeOf(state)),
    open: openRelations,
    openFirst: (state, facts, known) =>
      openUnknown([facts, settings], fillIn(TO_OPEN, scopeOf(state)), known),
  },
  probing: {
    probes: probedTexts.map(({ part, texts }) => ({
      part,
      question: (state) => probeTexts(fillIn(texts, { ...scopeOf(state), ...probedDetails(state.details) })),
    })),
    names: namesQuery,
    isLocked,
    reasonOf,
  },
};
