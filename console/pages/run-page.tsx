import type { ComponentChildren } from 'preact';
import type { Action, LogLine, Run } from '../calls/types.ts';
import { useAnswer } from '../calls/use-answer.ts';
import { untilRunEnds, whileLogged } from '../logic/follow-run.ts';
import { isUnderWay } from '../logic/phases.ts';
import { jobAddress, runAddress } from '../logic/place.ts';
import { AskFirst, type Deed } from '../parts/ask-first.tsx';
import { StateBadge } from '../parts/badge.tsx';
import { CatalogFiles } from '../parts/catalog-files.tsx';
import { Moment } from '../parts/moment.tsx';
import { PhaseBar } from '../parts/phase-bar.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { Waiting } from '../parts/waiting.tsx';
import type { Words } from '../words/english.ts';
import { useWords } from '../words/use-words.ts';

/** One run: where it is, what came of it, why it failed, and what can be done. */
export function RunPage({ run: id }: { run: string }) {
  const path = `/runs/${encodeURIComponent(id)}`;
  const run = useAnswer<Run>(path, untilRunEnds);
  if (!run.data) return <Waiting title={id} answer={run} />;
  return (
    <>
      <Trouble error={run.error} isOld retry={run.reload} />
      <Shown run={run.data} reload={run.reload} />
      {run.data.kind === 'extraction' && run.data.manifest !== undefined && !isUnderWay(run.data) && (
        <CatalogFiles run={run.data} />
      )}
      <Log path={path} isLive={isUnderWay(run.data)} />
    </>
  );
}

function Shown({ run, reload }: { run: Run; reload: () => void }) {
  const { words, formats } = useWords();
  const { job, state, outcome, stale, error, warnings, actions = [] } = run;
  return (
    <>
      <header class="page">
        <h1>
          {words.run.title(job)} <StateBadge state={state} />
        </h1>
        <p class="hint">
          <a href={jobAddress(job)}>{job}</a> · <code>{run.id}</code>
        </p>
        {outcome && <p>{words.outcomes[outcome]}</p>}
        {state === 'queued' && <p class="notice">{words.run.waiting}</p>}
        {stale && <p class="notice bad">{words.run.stale}</p>}
      </header>
      {error && (
        <section class="notice bad" aria-labelledby="error">
          <h2 id="error">
            {words.run.error}: {error.class} {error.phase !== undefined && words.run.inPhase(error.phase)}
          </h2>
          {words.errors[error.class] !== undefined && <p>{words.errors[error.class]}</p>}
          <p lang="en">{error.message}</p>
          {error.hint !== undefined && <p lang="en">{error.hint}</p>}
        </section>
      )}
      {actions.length > 0 && (
        <section aria-labelledby="actions">
          <h2 id="actions">{words.run.actions}</h2>
          <div class="buttons">
            {actions.map((action) => (
              <AskFirst key={action} deed={deedOf(action, run.id, words)} onDone={reload} />
            ))}
          </div>
        </section>
      )}
      <section aria-labelledby="phases">
        <h2 id="phases">{words.run.phases}</h2>
        <PhaseBar run={run} />
      </section>
      {warnings.length > 0 && (
        <section class="notice" aria-labelledby="warnings">
          <h2 id="warnings">{words.run.warnings}</h2>
          <ul lang="en">
            {warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </section>
      )}
      <section aria-labelledby="result">
        <h2 id="result">{words.run.result}</h2>
        <Facts run={run} />
        {run.schema && (
          <details>
            <summary>{words.job.schema}</summary>
            <table>
              <tbody>
                {run.schema.map(({ name, type }) => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    <td>{type}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </details>
        )}
        <p class="hint">
          {run.progress && words.run.heartbeat(formats.duration(run.progress.heartbeatAgeMs))}
        </p>
      </section>
    </>
  );
}

function Facts({ run }: { run: Run }) {
  const { words, formats } = useWords();
  const {
    startedAt,
    endedAt,
    durationMs,
    trigger,
    triggeredBy,
    scheduledTime,
    attempts = [],
    rows,
    bytes,
  } = run;
  const { reading, unchangedSince, sentFrom, heldBy, manifest, fingerprint } = run;
  const who = triggeredBy === undefined ? '' : `, ${words.run.by(triggeredBy)}`;
  const toRun = (id: string) => <a href={runAddress(id)}>{id}</a>;
  const facts: [string, ComponentChildren][] = [
    [words.run.began, startedAt && <Moment at={startedAt} />],
    [words.run.ended, endedAt && <Moment at={endedAt} />],
    [words.run.took, durationMs !== undefined && formats.duration(durationMs)],
    [words.run.triggered, `${words.triggers[trigger]}${who}`],
    [words.run.planned, scheduledTime && formats.moment(scheduledTime)],
    [words.run.attempts, attempts.length > 1 && formats.count(attempts.length)],
    [
      run.kind === 'extraction' ? words.run.entityCount : words.list.rows,
      rows !== undefined && formats.count(rows),
    ],
    [words.run.size, bytes !== undefined && formats.bytes(bytes)],
    [words.run.reading, reading && words.run.readings[reading.mode]],
    [words.run.unchangedSince, unchangedSince && toRun(unchangedSince)],
    [words.run.sentFrom, sentFrom && toRun(sentFrom.runId)],
    [words.run.reason.split(',')[0] ?? '', sentFrom?.why],
    [words.run.heldBy, heldBy && toRun(heldBy)],
    [words.run.manifest, manifest && <code>{manifest}</code>],
    [words.run.fingerprint, fingerprint && <code>{fingerprint}</code>],
  ];
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== undefined && value !== false && value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function deedOf(action: Action, id: string, words: Words): Deed {
  const { run } = words;
  const texts = {
    cancel: { label: run.cancel, title: run.cancelTitle, does: run.cancelDoes, tone: 'bad' as const },
    accept: { label: run.accept, title: run.acceptTitle, does: run.acceptDoes },
    resend: { label: run.resend, title: run.resendTitle, does: run.resendDoes },
  }[action];
  const sends = action !== 'cancel';
  return {
    ...texts,
    path: `/runs/${encodeURIComponent(id)}/${action}`,
    takesReason: sends,
    startsRun: sends,
  };
}

function Log({ path, isLive }: { path: string; isLive: boolean }) {
  const { words } = useWords();
  const log = useAnswer<{ lines: LogLine[] }>(`${path}/log`, isLive ? whileLogged : undefined);
  const lines = log.data?.lines ?? [];
  return (
    <section aria-labelledby="log">
      <h2 id="log">{words.run.log}</h2>
      {lines.length === 0 ? (
        <p class="hint">{log.error ? log.error.message : words.run.noLog}</p>
      ) : (
        <pre class="log" role="log" aria-labelledby="log" lang="en">
          {lines.map(({ time, level, message }, index) => (
            <span key={`${time} ${index}`} class={level}>
              {time.slice(11, 19)} {level.padEnd(5)} {message}
              {'\n'}
            </span>
          ))}
        </pre>
      )}
    </section>
  );
}
