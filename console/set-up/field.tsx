import { useId } from 'preact/hooks';

/** A text of the form. */
export function TextField(props: {
  label: string;
  hint?: string;
  value: string;
  onValue: (value: string) => void;
  /** @default text */
  type?: 'password';
  required?: boolean;
  autocomplete?: 'off' | 'new-password';
  inputMode?: 'numeric';
}) {
  const { label, hint, onValue, autocomplete = 'off', ...input } = props;
  const hintId = useId();
  return (
    <div class="field">
      <label>
        {label}
        <input
          autocomplete={autocomplete}
          autocapitalize="off"
          spellcheck={false}
          {...input}
          aria-describedby={hint === undefined ? undefined : hintId}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      </label>
      {hint !== undefined && (
        <p id={hintId} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

/** One of several. */
export function Choice<Value extends string>(props: {
  label: string;
  hint?: string;
  value: Value;
  options: readonly (readonly [value: Value, text: string])[];
  onValue: (value: Value) => void;
}) {
  const { label, hint, value, options, onValue } = props;
  const id = useId();
  const hintId = useId();
  return (
    <div class="field">
      {/* Beside it: the texts of the options are no part of its name. */}
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        aria-describedby={hint === undefined ? undefined : hintId}
        onChange={(event) => onValue(event.currentTarget.value as Value)}
      >
        {options.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
      {hint !== undefined && (
        <p id={hintId} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

/** The options of a choice whose texts are words of the page. */
export const optionsOf = <Value extends string>(
  words: Readonly<Record<Value, string>>,
): (readonly [Value, string])[] => Object.entries(words) as [Value, string][];
