import type { Setup } from '../calls/types.ts';
import {
  credentialsOf,
  type Draft,
  type NewConnection,
  qualifiedNameFor,
  withSource,
} from '../logic/draft.ts';
import { useWords } from '../words/use-words.ts';
import { Choice, optionsOf, TextField } from './field.tsx';
import { Refusal } from './refusal.tsx';
import { useRequest } from './use-request.ts';

/** Where to read, and whether the login works. */
export function ConnectionStep(props: {
  draft: Draft;
  setup: Setup;
  isTested: boolean;
  onChange: (change: Partial<Draft>) => void;
  onTested: () => void;
}) {
  const { draft, setup, isTested, onChange, onTested } = props;
  const { words } = useWords();
  const test = useRequest<unknown>();
  const isNew = draft.source === '';
  const sources = setup.sources.map(({ name }) => [name, name] as const);

  const choose = (source: string) => {
    test.forget();
    onChange(withSource(draft, source, setup, Date.now()));
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const { path, body } = signInOf(draft, setup);
    if ((await test.send(path, body)) !== undefined) onTested();
  };
  if (!setup.acceptsCredentials && sources.length === 0)
    return (
      <p class="notice">
        {words.setUp.noSources} {words.setUp.noCredentials}
      </p>
    );
  return (
    <form onSubmit={submit}>
      <Choice
        label={words.setUp.source}
        value={draft.source}
        options={[...sources, ...(setup.acceptsCredentials ? [['', words.setUp.newSource] as const] : [])]}
        onValue={choose}
      />
      {!setup.acceptsCredentials && <p class="hint">{words.setUp.noCredentials}</p>}
      {isNew && (
        <Described
          connection={draft.connection}
          onChange={(change) => {
            test.forget();
            const connection = { ...draft.connection, ...change };
            const qualifiedName = qualifiedNameFor(connection.type, draft.qualifiedName, setup.tenant);
            onChange({ connection, qualifiedName });
          }}
        />
      )}
      <p class="buttons">
        <button type="submit" disabled={test.busy}>
          {test.busy ? words.setUp.testing : words.setUp.test}
        </button>
        <span role="status">{isTested && test.data !== undefined && words.setUp.signedIn}</span>
      </p>
      <Refusal error={test.error} />
    </form>
  );
}

/** A source that the configuration does not have. */
function Described(props: { connection: NewConnection; onChange: (change: Partial<NewConnection>) => void }) {
  const { connection, onChange } = props;
  const { words } = useWords();
  const { authType, type } = connection;
  const tlsModes = optionsOf(words.setUp.tlsModes).filter(
    // MySQL's client knows nothing in between.
    ([mode]) => type === 'postgres' || mode === 'verify-full' || mode === 'disable',
  );
  const text = (field: keyof NewConnection & keyof typeof words.setUp, required = true) => (
    <TextField
      label={words.setUp[field] as string}
      value={connection[field]}
      required={required}
      onValue={(value) => onChange({ [field]: value })}
    />
  );
  return (
    <>
      <TextField
        label={words.setUp.sourceName}
        value={connection.name}
        required
        onValue={(name) => {
          // As long as nobody has written another one.
          const follows = connection.secret === '' || connection.secret === `ferry/${connection.name}`;
          onChange({ name, ...(follows ? { secret: `ferry/${name}` } : {}) });
        }}
      />
      <Choice
        label={words.setUp.type}
        value={type}
        options={optionsOf(words.setUp.types)}
        onValue={(chosen) =>
          onChange({ type: chosen, ...(chosen === 'mysql' ? { tls: mysqlTls(connection.tls) } : {}) })
        }
      />
      <div class="row">
        <TextField
          label={words.setUp.host}
          value={connection.host}
          required
          // As the test has it.
          onValue={(host) => onChange({ host, tls: isThisMachine(host) ? 'disable' : 'verify-full' })}
        />
        <TextField
          label={words.setUp.port}
          value={connection.port}
          inputMode="numeric"
          onValue={(port) => onChange({ port })}
        />
      </div>
      {text('database')}
      <Choice
        label={words.setUp.signIn}
        value={authType}
        options={optionsOf(words.setUp.signIns)}
        onValue={(chosen) => onChange({ authType: chosen })}
      />
      {text('username')}
      {authType === 'iam_user' && text('accessKeyId')}
      {authType === 'iam_role' ? (
        <>
          {text('roleArn')}
          {text('externalId', false)}
        </>
      ) : (
        <TextField
          label={authType === 'basic' ? words.setUp.password : words.setUp.secretAccessKey}
          type="password"
          // Nothing keeps it, the browser neither.
          autocomplete="new-password"
          required
          value={connection.password}
          onValue={(password) => onChange({ password })}
        />
      )}
      {authType !== 'basic' && text('region', false)}
      {authType !== 'iam_role' && text('secret')}
      {authType === 'basic' && (
        <Choice
          label={words.setUp.tls}
          hint={words.setUp.tlsHint}
          value={connection.tls}
          options={tlsModes}
          onValue={(tls) => onChange({ tls })}
        />
      )}
    </>
  );
}

/** A sync also reads what has no catalog, and then needs no more than that a query is answered. */
function signInOf(draft: Draft, { describesQueries }: Setup): { path: string; body: unknown } {
  const credentials = credentialsOf(draft);
  if (draft.kind === 'extraction' || !describesQueries)
    return { path: '/workflows/v1/auth', body: credentials };
  const place = draft.source === '' ? { credentials } : { source: draft.source };
  return { path: '/setup/columns', body: { ...place, query: 'SELECT 1 AS one' } };
}

const isThisMachine = (host: string) => /^(localhost|127\.[\d.]+|::1)$/i.test(host.trim());

const mysqlTls = (mode: NewConnection['tls']) => (mode === 'disable' ? mode : 'verify-full');
