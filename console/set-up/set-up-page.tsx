import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Setup } from '../calls/types.ts';
import { useAnswer } from '../calls/use-answer.ts';
import { type Draft, newDraft, withSource } from '../logic/draft.ts';
import { Waiting } from '../parts/waiting.tsx';
import { useWords } from '../words/use-words.ts';
import { ConnectionStep } from './connection-step.tsx';
import { JobStep } from './job-step.tsx';
import { LinesStep } from './lines-step.tsx';
import { QueryStep, TargetStep } from './query-step.tsx';
import { SchemasStep } from './schemas-step.tsx';

/** Puts a job together, from the connection to the lines of ferry.yaml. What is typed stays in this page. */
export function SetUpPage() {
  const { words } = useWords();
  const setup = useAnswer<Setup>('/setup');
  const [round, setRound] = useState(0);
  if (!setup.data) return <Waiting title={words.setUp.title} answer={setup} />;
  return <Form key={round} setup={setup.data} onAgain={() => setRound(round + 1)} />;
}

function Form({ setup, onAgain }: { setup: Setup; onAgain: () => void }) {
  const { words } = useWords();
  const [draft, setDraft] = useState<Draft>(() => firstDraft(setup));
  const [isTested, setTested] = useState(false);
  // Another connection makes another tree.
  const [connections, setConnections] = useState(0);
  const [version, setVersion] = useState(0);
  const change = (changed: Partial<Draft>) => {
    setVersion((before) => before + 1);
    setDraft((before) => ({ ...before, ...changed }));
  };
  const changeConnection = (changed: Partial<Draft>) => {
    setTested(false);
    setConnections((before) => before + 1);
    setDraft((before) => ({
      ...before,
      ...changed,
      filter: { ...before.filter, ticked: {} },
      ownDatabase: undefined,
    }));
  };
  const { kind } = draft;
  const step = { draft, setup, onChange: change };
  return (
    <>
      <h1>{words.setUp.title}</h1>
      <p class="hint">{words.setUp.intro}</p>
      <ol class="steps">
        <li>
          <fieldset>
            <legend>{words.setUp.what}</legend>
            {(['extraction', 'sync'] as const).map((one) => (
              <label key={one}>
                <input
                  type="radio"
                  name="kind"
                  checked={kind === one}
                  onChange={() => changeConnection({ kind: one })}
                />{' '}
                {words.setUp.kinds[one]}
              </label>
            ))}
          </fieldset>
        </li>
        <Step title={words.setUp.connection}>
          <ConnectionStep
            draft={draft}
            setup={setup}
            isTested={isTested}
            onChange={changeConnection}
            onTested={() => setTested(true)}
          />
        </Step>
        {isTested && kind === 'extraction' && (
          <Step title={words.setUp.schemas}>
            <SchemasStep key={connections} draft={draft} onChange={change} />
          </Step>
        )}
        {isTested && kind === 'sync' && (
          <>
            <Step title={words.setUp.query}>
              <QueryStep key={connections} {...step} />
            </Step>
            <Step title={words.setUp.target}>
              <TargetStep {...step} />
            </Step>
          </>
        )}
        {isTested && (
          <>
            <Step title={words.setUp.job}>
              <JobStep {...step} />
            </Step>
            <Step title={words.setUp.lines}>
              {/* Lines of another draft would be wrong. */}
              <LinesStep key={version} draft={draft} setup={setup} />
            </Step>
          </>
        )}
      </ol>
      {!isTested && <p class="hint">{words.setUp.first}</p>}
      <p>
        <button type="button" class="plain" onClick={onAgain}>
          {words.setUp.again}
        </button>
      </p>
    </>
  );
}

function Step({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <li>
      <section>
        <h2>{title}</h2>
        {children}
      </section>
    </li>
  );
}

function firstDraft(setup: Setup): Draft {
  const draft = newDraft(Intl.DateTimeFormat().resolvedOptions().timeZone, Date.now(), setup);
  const [source] = setup.acceptsCredentials ? [] : setup.sources;
  const [target = ''] = setup.targets.includes('default') ? ['default'] : setup.targets;
  return { ...draft, ...withSource(draft, source?.name ?? '', setup, Date.now()), target };
}
