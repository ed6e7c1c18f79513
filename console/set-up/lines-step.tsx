import { useState } from 'preact/hooks';
import type { Run, Setup, WrittenConfig } from '../calls/types.ts';
import { useAnswer } from '../calls/use-answer.ts';
import {
  configPartOf,
  credentialsOf,
  type Draft,
  metadataOf,
  otherDatabases,
  sourceOf,
} from '../logic/draft.ts';
import { runAddress } from '../logic/place.ts';
import { useWords } from '../words/use-words.ts';
import { Refusal } from './refusal.tsx';
import { useRequest } from './use-request.ts';

const LOOK_MS = 500;

/** The end of the form: the lines of ferry.yaml, the commands for the secrets, and what comes then. */
export function LinesStep({ draft, setup }: { draft: Draft; setup: Setup }) {
  const { words, formats } = useWords();
  const written = useRequest<WrittenConfig>();
  const { data } = written;
  const problems = data?.problems ?? [];
  const isRight = data !== undefined && problems.length === 0;
  return (
    <>
      <p class="buttons">
        <button
          type="button"
          disabled={written.busy}
          onClick={() => void written.send('/setup/config', configPartOf(draft))}
        >
          {written.busy ? words.setUp.writing : words.setUp.write}
        </button>
      </p>
      <Refusal error={written.error} />
      <div role="status">
        {problems.length > 0 && (
          <div class="notice bad">
            <p>{words.setUp.problems(formats.count(problems.length), problems.length)}</p>
            <ul lang="en">
              {problems.map(({ path, message }) => (
                <li key={`${path} ${message}`}>
                  <code>{path}</code> {message}
                </li>
              ))}
            </ul>
          </div>
        )}
        {isRight && (
          <>
            <p class="hint">{words.setUp.linesHint}</p>
            <Copied name={words.setUp.lines} text={data.yaml} />
          </>
        )}
      </div>
      {isRight && (
        <>
          {data.secrets.length > 0 && (
            <>
              <h3>{words.setUp.secrets}</h3>
              <p class="hint">{words.setUp.secretsAws}</p>
              <Copied
                name={words.setUp.secretsAws}
                text={data.secrets.map(({ command }) => `${command}\n`).join('')}
              />
              <p class="hint">{words.setUp.secretsLocal}</p>
              <Copied name={words.setUp.secretsLocal} text={data.secretsFile} />
            </>
          )}
          <h3>{words.setUp.next}</h3>
          <Copied name={words.setUp.next} text={nextCommands(draft)} />
          {draft.kind === 'extraction' && setup.startsNew && draft.qualifiedName.trim() !== '' && (
            <Start draft={draft} />
          )}
        </>
      )}
    </>
  );
}

const nextCommands = ({ job }: Draft) =>
  ['validate', `check ${job} --secrets secrets.json`, `run ${job} --secrets secrets.json`]
    .map((command) => `npm run -s ferry -- ${command}\n`)
    .join('');

/** Text to take along. */
function Copied({ name, text }: { name: string; text: string }) {
  const { words } = useWords();
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <div class="copied">
      {/* Can be reached, selected and scrolled with the keyboard. */}
      <textarea
        class="code"
        readOnly
        aria-label={name}
        wrap="off"
        rows={Math.max(2, text.trimEnd().split('\n').length)}
        value={text}
      />
      {/* Only there on https and on this machine. */}
      {navigator.clipboard !== undefined && (
        <button type="button" class="plain" onClick={copy}>
          {isCopied ? words.setUp.copied : words.setUp.copy}
          <span class="unseen"> ({name})</span>
        </button>
      )}
    </div>
  );
}

/** Runs the extraction once, as the original's form does. */
function Start({ draft }: { draft: Draft }) {
  const { words } = useWords();
  const started = useRequest<{ data: { run_id: string } }>();
  const id = started.data?.data.run_id;
  // Its record follows when it begins.
  const run = useAnswer<Run>(id && `/runs/${encodeURIComponent(id)}`, (found) =>
    found ? undefined : LOOK_MS,
  );
  const start = () =>
    started.send('/workflows/v1/start', {
      argo_workflow_name: draft.job,
      credentials: credentialsOf(draft),
      connection: {
        connection_name: draft.connectionName || sourceOf(draft),
        connection_qualified_name: draft.qualifiedName,
      },
      metadata: metadataOf(draft),
    });
  return (
    <>
      <h3>{words.setUp.startNow}</h3>
      <p class="hint">{words.setUp.startHint}</p>
      {otherDatabases(draft).length > 0 && <p class="notice">{words.setUp.startOwnOnly}</p>}
      <p class="buttons">
        <button type="button" disabled={started.busy || started.data !== undefined} onClick={start}>
          {started.busy ? words.setUp.starting : words.setUp.start}
        </button>
        <span role="status">
          {id !== undefined && words.setUp.started}{' '}
          {run.data && <a href={runAddress(run.data.id)}>{words.setUp.toRun}</a>}
        </span>
      </p>
      <Refusal error={started.error} />
    </>
  );
}
