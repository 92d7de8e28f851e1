// Adding a source: who sends, and what they sign with. Kinds of sender that an application brought are typed in by name.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { objectOf } from '../../api/json-object';
import type { Source } from '../../api/received-types';
import { useAction } from '../../api/use-action';
import { Button, ButtonLink } from '../../components/button';
import { Checkbox, Select, TextArea, TextField } from '../../components/fields';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { go, hrefOf } from '../../routing/route';
import { PROVIDERS } from './providers';

const BACK = { href: hrefOf('received/sources'), title: 'Sources' };
const OWN = 'own';

export function CreateSource() {
  const [chosen, setChosen] = useState('stripe');
  const [own, setOwn] = useState('');
  const [name, setName] = useState('stripe');
  const [secret, setSecret] = useState('');
  const [config, setConfig] = useState('');
  const [queued, setQueued] = useState(false);
  const [relay, setRelay] = useState(false);
  const { busy, refused, run } = useAction();
  const provider = PROVIDERS.find((each) => each.name === chosen);
  const settings = config.trim() === '' ? {} : objectOf(config);
  const choose = (next: string): void => {
    // A name that somebody chose stays; one that followed the provider follows on.
    if (name === chosen) setName(next === OWN ? '' : next);
    setChosen(next);
  };
  const create = (event: Event): void => {
    event.preventDefault();
    if (!settings) return;
    run(async () => {
      const { name: created } = await api.post<Source>('sources', {
        name: name.trim(),
        provider: chosen === OWN ? own.trim() : chosen,
        secrets: [secret.trim()],
        config: settings,
        processing: queued ? 'queued' : 'inline',
        relay,
      });
      go(`received/sources/${created}`);
    });
  };
  return (
    <>
      <PageHead title="Add a source" back={BACK} />
      <form class="panel stack narrow" onSubmit={create} novalidate>
        <Select
          label="Provider"
          value={chosen}
          onValue={choose}
          options={[
            ...PROVIDERS.map((each) => [each.name, each.title] as const),
            [OWN, 'A kind of my own application'],
          ]}
        />
        {chosen === OWN && <TextField label="Name of the kind" value={own} onValue={setOwn} />}
        <TextField
          label="Name"
          value={name}
          onValue={setName}
          hint="It stands in the address that the sender posts to."
        />
        <TextField
          label="Secret"
          type="password"
          value={secret}
          onValue={setSecret}
          hint={provider ? `${provider.secret}. It is encrypted, and never shown again.` : 'Never shown again.'}
        />
        {(provider?.config !== undefined || chosen === OWN) && (
          <TextArea
            label="Settings"
            mono
            rows={3}
            value={config}
            onValue={setConfig}
            placeholder="{}"
            hint={provider?.config && `A JSON object; ${provider.config}.`}
            error={settings ? undefined : 'This is not a JSON object yet.'}
          />
        )}
        <Checkbox label="Answer the sender before handlers run" checked={queued} onChecked={setQueued} />
        <Checkbox label="Send what comes in on to webhooks" checked={relay} onChecked={setRelay} />
        {refused && <Notice tone="bad">{refused}</Notice>}
        <div class="row">
          <Button type="submit" kind="primary" busy={busy} disabled={!settings}>
            Add it
          </Button>
          <ButtonLink href={BACK.href}>Cancel</ButtonLink>
        </div>
      </form>
    </>
  );
}
