import { useMemo } from 'preact/hooks';
import type { Manifest, Run } from '../calls/types.ts';
import { useAnswer } from '../calls/use-answer.ts';
import { type CatalogDatabase, catalogTree } from '../logic/catalog-tree.ts';
import { useWords } from '../words/use-words.ts';
import { StateBadge } from './badge.tsx';

/** What an extraction has written: its sources, their databases, and the files of each. */
export function CatalogFiles({ run }: { run: Run }) {
  const { words, formats } = useWords();
  const manifest = useAnswer<Manifest>(`/runs/${encodeURIComponent(run.id)}/manifest`);
  const tree = useMemo(() => manifest.data && catalogTree(manifest.data), [manifest.data]);
  return (
    <section aria-labelledby="databases">
      <h2 id="databases">{words.run.databases}</h2>
      {manifest.error && <p class="hint">{manifest.error.message}</p>}
      {tree ? (
        tree.map(({ source, databases }) => (
          <div key={source}>
            <h3>{source}</h3>
            {databases.map((database) => (
              <Database key={database.name} database={database} />
            ))}
          </div>
        ))
      ) : (
        // The record knows less, but it is always there.
        <ul>
          {(run.databases ?? []).map(({ source, database, state, entities, error }) => (
            <li key={`${source} ${database}`}>
              {source} / {database ?? words.run.unnamed}:{' '}
              <StateBadge state={state === 'failed' ? 'failed' : 'succeeded'} />{' '}
              {error ? (
                <span lang="en">{error.message}</span>
              ) : (
                words.run.entities(formats.count(entities), entities)
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Database({ database }: { database: CatalogDatabase }) {
  const { words, formats } = useWords();
  const { name, state, serverVersion, error, entities, types, files } = database;
  return (
    <details class="database" open={state === 'failed'}>
      <summary>
        <strong>{name ?? words.run.unnamed}</strong>{' '}
        <StateBadge state={state === 'failed' ? 'failed' : 'succeeded'} />{' '}
        <span class="hint">
          {words.run.entities(formats.count(entities), entities)},{' '}
          {words.run.files(formats.count(files.length), files.length)}
          {serverVersion !== undefined && ` · ${serverVersion}`}
        </span>
      </summary>
      {error !== undefined && <p lang="en">{error}</p>}
      <ul>
        {types.map(({ type, count }) => (
          <li key={type}>
            {type}: {formats.count(count)}
          </li>
        ))}
      </ul>
      <ul class="files">
        {files.map(({ key, rows, bytes }) => (
          <li key={key}>
            <code>{key}</code>{' '}
            <span class="hint">
              {words.run.rows(formats.count(rows), rows)}, {formats.bytes(bytes)}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
