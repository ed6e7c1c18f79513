import { useEffect, useState } from 'preact/hooks';
import { credentialsOf, type Draft, type Filter, metadataOf } from '../logic/draft.ts';
import { useWords } from '../words/use-words.ts';
import { Choice, optionsOf, TextField } from './field.tsx';
import { Refusal } from './refusal.tsx';
import { useRequest } from './use-request.ts';

interface Listed {
  data: { TABLE_CATALOG: string; TABLE_SCHEMA?: string }[];
}
const CHECKS = ['databaseSchemaCheck', 'tablesCheck', 'versionCheck'] as const;
type Preflight = {
  success: boolean;
  data: Record<(typeof CHECKS)[number], { success: boolean; successMessage: string; failureMessage: string }>;
};

/** What an extraction reads: its databases and schemas as a tree, and the checks that a run begins with. */
export function SchemasStep({
  draft,
  onChange,
}: {
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
}) {
  const { words } = useWords();
  const { filter } = draft;
  const databases = useRequest<Listed>();
  const own = useRequest<Listed>();
  const preflight = useRequest<Preflight>();
  const change = (changed: Partial<Draft>) => {
    preflight.forget();
    onChange(changed);
  };
  useEffect(() => {
    const credentials = credentialsOf(draft);
    void databases.send('/workflows/v1/metadata', { credentials, type: 'database' });
    void own.send('/workflows/v1/metadata', { credentials, type: 'all' }).then((listed) => {
      const name = listed?.data[0]?.TABLE_CATALOG;
      if (name !== undefined) onChange({ ownDatabase: name });
    });
    // Once: another connection makes another step.
  }, []);
  const names = databases.data?.data.map(({ TABLE_CATALOG: name }) => name) ?? [];
  const ownName = own.data?.data[0]?.TABLE_CATALOG;

  const check = async (event: SubmitEvent) => {
    event.preventDefault();
    await preflight.send('/workflows/v1/check', {
      credentials: credentialsOf(draft),
      metadata: metadataOf(draft),
    });
  };
  return (
    <form onSubmit={check}>
      <p class="hint">{words.setUp.schemasHint}</p>
      <Choice
        label={words.setUp.means}
        value={filter.means}
        options={optionsOf(words.setUp.meanings)}
        onValue={(means) => change({ filter: { ...filter, means } })}
      />
      {(databases.busy || own.busy) && <p>{words.loading}</p>}
      <Refusal error={databases.error ?? own.error} />
      <ul class="tree">
        {(own.busy ? [] : names).map((name) => (
          <Database
            key={name}
            name={name}
            draft={draft}
            listed={name === ownName ? own.data : undefined}
            isOwn={name === ownName}
            onFilter={(changed) => change({ filter: changed })}
          />
        ))}
      </ul>
      <TextField
        label={words.setUp.tempTables}
        value={draft.tempTableRegex}
        onValue={(tempTableRegex) => change({ tempTableRegex })}
      />
      <p class="buttons">
        <button type="submit" disabled={preflight.busy}>
          {preflight.busy ? words.setUp.preflighting : words.setUp.preflight}
        </button>
        <span class="hint">{words.setUp.preflightHint}</span>
      </p>
      <Refusal error={preflight.error} />
      <div role="status">{preflight.data && <Results results={preflight.data.data} />}</div>
    </form>
  );
}

function Results({ results }: { results: Preflight['data'] }) {
  const { words } = useWords();
  return (
    <ol class="hops">
      {CHECKS.map((name) => {
        const { success, successMessage, failureMessage } = results[name];
        const status = success ? 'ok' : 'failed';
        return (
          <li key={name} class={status}>
            <strong>{words.setUp.checks[name]}</strong> <span class="badge-text">{words.checks[status]}</span>
            <span class="hint" lang="en">
              {success ? successMessage : failureMessage}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

/** A database, whose schemas are asked for when somebody opens it. */
function Database(props: {
  name: string;
  draft: Draft;
  /** Its schemas, if they are known already. */
  listed: Listed | undefined;
  isOwn: boolean;
  onFilter: (filter: Filter) => void;
}) {
  const { name, draft, listed, isOwn, onFilter } = props;
  const { words } = useWords();
  const asked = useRequest<Listed>();
  const [isOpen, setOpen] = useState(isOwn);
  const { filter } = draft;
  const ticked = Object.hasOwn(filter.ticked, name) ? filter.ticked[name] : undefined;
  const entries = listed ?? asked.data;
  const schemas = entries?.data.flatMap(({ TABLE_SCHEMA: schema }) => (schema === undefined ? [] : [schema]));

  const open = (event: { currentTarget: HTMLDetailsElement }) => {
    setOpen(event.currentTarget.open);
    if (event.currentTarget.open && !entries && !asked.busy)
      void asked.send('/workflows/v1/metadata', {
        credentials: credentialsOf(draft),
        type: 'schema',
        database: name,
      });
  };
  const tick = (chosen: '*' | readonly string[]) => {
    const { [name]: _before, ...others } = filter.ticked;
    onFilter({ ...filter, ticked: chosen.length === 0 ? others : { ...others, [name]: chosen } });
  };
  const has = (schema: string) => ticked === '*' || ticked?.includes(schema) === true;
  const toggle = (schema: string, isTicked: boolean) => {
    const before = ticked === '*' ? (schemas ?? []) : (ticked ?? []);
    tick(isTicked ? [...before, schema] : before.filter((one) => one !== schema));
  };
  return (
    <li>
      <details open={isOpen} onToggle={open}>
        <summary>{name}</summary>
        {asked.busy && <p>{words.loading}</p>}
        <Refusal error={asked.error} />
        <ul>
          <li>
            <Tick
              label={words.setUp.allSchemas(name)}
              checked={ticked === '*'}
              onTick={(isTicked) => tick(isTicked ? '*' : [])}
            />
          </li>
          {schemas?.map((schema) => (
            <li key={schema}>
              <Tick label={schema} checked={has(schema)} onTick={(isTicked) => toggle(schema, isTicked)} />
            </li>
          ))}
        </ul>
        {schemas?.length === 0 && <p class="hint">{words.setUp.noSchemas}</p>}
      </details>
    </li>
  );
}

function Tick(props: { label: string; checked: boolean; onTick: (isTicked: boolean) => void }) {
  const { label, checked, onTick } = props;
  return (
    <label>
      <input type="checkbox" checked={checked} onChange={(event) => onTick(event.currentTarget.checked)} />{' '}
      {label}
    </label>
  );
}
