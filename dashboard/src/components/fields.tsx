// Fields of forms: label, field, hint and refusal belong together, also for who cannot see them.
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  /** Why the value was refused. */
  readonly error?: string;
}

interface Described {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': boolean | undefined;
}

function Field({
  label,
  hint,
  error,
  children,
}: FieldProps & { readonly children: (described: Described) => ComponentChildren }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': error ? true : undefined })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

type TextProps = FieldProps & {
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly type?: 'text' | 'password' | 'url' | 'search' | 'datetime-local';
  readonly placeholder?: string;
  readonly autofocus?: boolean;
  /** What may be meant, offered while one types. */
  readonly choices?: readonly string[];
};

export function TextField({ label, hint, error, value, onValue, type, choices, ...rest }: TextProps) {
  const list = useId();
  // Which attributes an input may have depends on its type; these may be on each of them.
  const asked: string = type ?? 'text';
  return (
    <Field label={label} hint={hint} error={error}>
      {(described) => (
        <>
          <input
            {...described}
            {...rest}
            type={asked as 'text'}
            list={choices && list}
            autocomplete="off"
            spellcheck={false}
            step={type === 'datetime-local' ? 1 : undefined}
            value={value}
            onInput={(event) => onValue(event.currentTarget.value)}
          />
          {choices && (
            <datalist id={list}>
              {choices.map((choice) => (
                <option key={choice} value={choice} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

type AreaProps = FieldProps & {
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly rows?: number;
  readonly placeholder?: string;
  /** Code, not prose. */
  readonly mono?: boolean;
};

export const TextArea = ({ label, hint, error, value, onValue, mono, ...rest }: AreaProps) => (
  <Field label={label} hint={hint} error={error}>
    {(described) => (
      <textarea
        {...described}
        rows={4}
        spellcheck={!mono}
        class={mono ? 'mono' : undefined}
        {...rest}
        value={value}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
    )}
  </Field>
);

type FileProps = Omit<FieldProps, 'error'> & {
  /** What it holds, once somebody chose one. */
  readonly onText: (text: string) => void;
  readonly accept: string;
};

/** A file that is read here and goes nowhere by itself. */
export const FileField = ({ label, hint, accept, onText }: FileProps) => (
  <Field label={label} hint={hint}>
    {(described) => (
      <input
        {...described}
        type="file"
        accept={accept}
        onChange={(event) => void event.currentTarget.files?.[0]?.text().then(onText)}
      />
    )}
  </Field>
);

type SelectProps = FieldProps & {
  readonly value: string;
  readonly onValue: (value: string) => void;
  /** Values with their names. */
  readonly options: readonly (readonly [value: string, name: string])[];
};

export const Select = ({ label, hint, error, value, onValue, options }: SelectProps) => (
  <Field label={label} hint={hint} error={error}>
    {(described) => (
      <select {...described} value={value} onChange={(event) => onValue(event.currentTarget.value)}>
        {options.map(([each, name]) => (
          <option key={each} value={each}>
            {name}
          </option>
        ))}
      </select>
    )}
  </Field>
);

interface CheckboxProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChecked: (checked: boolean) => void;
}

export const Checkbox = ({ label, checked, onChecked }: CheckboxProps) => (
  <label class="check">
    <input type="checkbox" checked={checked} onChange={(event) => onChecked(event.currentTarget.checked)} /> {label}
  </label>
);
