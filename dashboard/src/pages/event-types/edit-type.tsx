// Adding an event type, and changing one.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { EventType } from '../../api/event-type';
import { useAction } from '../../api/use-action';
import { useResource } from '../../api/use-resource';
import { Button, ButtonLink } from '../../components/button';
import { Checkbox, TextArea, TextField } from '../../components/fields';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { go, hrefOf } from '../../routing/route';
import { objectOf } from '../../api/json-object';

export const CreateType = () => <Form />;

export function EditType({ name }: { readonly name: string }) {
  const path = `event-types/${encodeURIComponent(name)}`;
  const { value, error } = useResource((signal) => api.get<EventType>(path, {}, signal), [path]);
  if (!value) return error ? <Notice tone="bad">{error}</Notice> : <div class="waiting" aria-busy />;
  return <Form type={value} />;
}

/** @param type - The one that is changed; absent: a new one. */
function Form({ type }: { readonly type?: EventType }) {
  const [name, setName] = useState('');
  const [description, setDescription] = useState(type?.description ?? '');
  const [version, setVersion] = useState(type?.version ?? '');
  const [schema, setSchema] = useState(() => textOf(type?.schema));
  const [example, setExample] = useState(() => textOf(type?.example));
  const [deprecated, setDeprecated] = useState(type?.deprecated ?? false);
  const [archived, setArchived] = useState(type?.archived ?? false);
  const { busy, refused, run } = useAction();
  const [schemaObject, exampleObject] = [objectOrNull(schema), objectOrNull(example)];
  const isWhole = schemaObject !== undefined && exampleObject !== undefined;
  const back = type
    ? { href: hrefOf(`event-types/type/${type.name}`), title: type.name }
    : { href: hrefOf('event-types'), title: 'Event types' };
  const save = (event: Event): void => {
    event.preventDefault();
    if (!isWhole) return;
    const texts = { description: description.trim() || null, version: version.trim() || null };
    const fields = { ...texts, schema: schemaObject, example: exampleObject, deprecated, archived };
    run(async () => {
      const saved = type
        ? await api.patch<EventType>(`event-types/${encodeURIComponent(type.name)}`, fields)
        : await api.post<EventType>('event-types', { ...fields, name: name.trim() });
      go(`event-types/type/${saved.name}`);
    });
  };
  return (
    <>
      <PageHead title={type ? 'Edit the event type' : 'Add an event type'} back={back} />
      <form class="panel stack narrow" onSubmit={save} novalidate>
        {!type && (
          <TextField
            label="Name"
            value={name}
            onValue={setName}
            placeholder="order.completed"
            hint="Words joined by dots; webhooks subscribe to it, or to all that begin alike."
          />
        )}
        <TextArea label="Description" rows={2} value={description} onValue={setDescription} />
        <TextField label="Version" value={version} onValue={setVersion} placeholder="1.0.0" />
        <TextArea
          label="Schema"
          mono
          rows={8}
          value={schema}
          onValue={setSchema}
          error={schemaObject === undefined ? 'This is not a JSON object yet.' : undefined}
          hint="JSON Schema 2020-12; events whose data does not meet it are refused. Empty: any object."
        />
        <TextArea
          label="Example"
          mono
          rows={6}
          value={example}
          onValue={setExample}
          error={exampleObject === undefined ? 'This is not a JSON object yet.' : undefined}
          hint="Data of such an event; it meets the schema."
        />
        <Checkbox label="Deprecated: shown as such, sent as before" checked={deprecated} onChecked={setDeprecated} />
        <Checkbox label="Archived: treated as if it were not there" checked={archived} onChecked={setArchived} />
        {refused && <Notice tone="bad">{refused}</Notice>}
        <div class="row">
          <Button type="submit" kind="primary" busy={busy} disabled={!isWhole}>
            {type ? 'Save' : 'Add it'}
          </Button>
          <ButtonLink href={back.href}>Cancel</ButtonLink>
        </div>
      </form>
    </>
  );
}

const textOf = (value: object | null | undefined): string => (value ? JSON.stringify(value, null, 2) : '');

const objectOrNull = (text: string): object | null | undefined => (text.trim() === '' ? null : objectOf(text));
