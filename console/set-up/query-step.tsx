import type { DescribedQuery, Setup } from '../calls/types.ts';
import { credentialsOf, type Draft } from '../logic/draft.ts';
import { Columns } from '../parts/check-list.tsx';
import { useWords } from '../words/use-words.ts';
import { Choice, optionsOf, TextField } from './field.tsx';
import { Refusal } from './refusal.tsx';
import { useRequest } from './use-request.ts';

/** What a sync reads, how its columns would be written, and where they go. */
export function QueryStep(props: { draft: Draft; setup: Setup; onChange: (change: Partial<Draft>) => void }) {
  const { draft, setup, onChange } = props;
  const { words } = useWords();
  const described = useRequest<DescribedQuery>();
  const { source, query, types } = draft;
  const change = (changed: Partial<Draft>) => {
    described.forget();
    onChange(changed);
  };
  const describe = async (event: SubmitEvent) => {
    event.preventDefault();
    const place = source === '' ? { credentials: credentialsOf(draft) } : { source };
    await described.send('/setup/columns', { ...place, query, types });
  };
  return (
    <form onSubmit={describe}>
      <label>
        {words.setUp.queryText}
        <textarea
          class="code"
          required
          rows={5}
          spellcheck={false}
          value={query}
          onInput={(event) => change({ query: event.currentTarget.value })}
        />
      </label>
      <Choice
        label={words.setUp.exactness}
        value={types}
        options={optionsOf(words.setUp.exactnesses)}
        onValue={(chosen) => change({ types: chosen })}
      />
      {setup.describesQueries ? (
        <p class="buttons">
          <button type="submit" disabled={described.busy}>
            {described.busy ? words.setUp.describing : words.setUp.showColumns}
          </button>
          <span class="hint">{words.setUp.columnsHint}</span>
        </p>
      ) : (
        <p class="hint">{words.setUp.noColumns}</p>
      )}
      <Refusal error={described.error} />
      <div role="status">
        {described.data && (
          <>
            <Columns columns={described.data.columns} />
            <ul lang="en">
              {described.data.warnings.map((warning) => (
                <li key={warning}>{warning}</li>
              ))}
            </ul>
          </>
        )}
      </div>
    </form>
  );
}

/** Where a sync writes. */
export function TargetStep(props: {
  draft: Draft;
  setup: Setup;
  onChange: (change: Partial<Draft>) => void;
}) {
  const { draft, setup, onChange } = props;
  const { words } = useWords();
  const hasDefault = setup.targets.includes('default');
  const targets = setup.targets.map((name) => [name, name] as const);
  return (
    <>
      <TextField
        label={words.setUp.dataset}
        value={draft.dataset}
        onValue={(dataset) => onChange({ dataset })}
      />
      <Choice
        label={words.setUp.toTarget}
        value={draft.target}
        options={[...targets, ...(hasDefault ? [] : [['', words.setUp.newTarget] as const])]}
        onValue={(target) => onChange({ target })}
      />
      {draft.target === '' && (
        <>
          <TextField label={words.setUp.token} value={draft.token} onValue={(token) => onChange({ token })} />
          <TextField
            label={words.setUp.organization}
            value={draft.organization}
            onValue={(organization) => onChange({ organization })}
          />
        </>
      )}
    </>
  );
}
