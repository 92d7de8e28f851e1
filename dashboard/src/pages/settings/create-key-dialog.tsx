// Making a key; then the key itself, which is shown this once.
import { useState } from 'preact/hooks';
import { SCOPE_MEANINGS, SCOPES } from '../../../../src/platform/access/scopes';
import { api } from '../../api/client';
import type { CreatedApiKey } from '../../api/settings-types';
import type { Me } from '../../api/types';
import { useAction } from '../../api/use-action';
import { Button } from '../../components/button';
import { Code } from '../../components/code';
import { Dialog } from '../../components/dialog';
import { Checkbox, Select, TextField } from '../../components/fields';
import { Notice } from '../../components/notice';
import { mayDo } from '../../session/me';

const DAY_MS = 86_400_000;

const LIFETIMES = [
  ['', 'never'],
  ['1', 'in a day'],
  ['30', 'in 30 days'],
  ['90', 'in 90 days'],
  ['365', 'in a year'],
] as const;

interface Props {
  readonly me: Me;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function CreateKeyDialog({ me, onClose, onDone }: Props) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly string[]>([]);
  const [days, setDays] = useState('');
  const [created, setCreated] = useState<CreatedApiKey>();
  const { busy, refused, run } = useAction();
  const create = (event: Event): void => {
    event.preventDefault();
    run(async () => {
      const expiresAt = days === '' ? undefined : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
      setCreated(await api.post<CreatedApiKey>('api-keys', { name: name.trim(), scopes, expiresAt }));
      onDone();
    });
  };
  if (created) {
    return (
      <Dialog title="The new key" onClose={onClose}>
        <div class="stack">
          <Notice tone="warn">This is the only time that it is shown. Keep it where your program reads it.</Notice>
          <Code label="API key" text={created.key ?? ''} />
          <div class="row">
            <Button kind="primary" onClick={onClose}>
              I have kept it
            </Button>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title="Make an API key" onClose={onClose}>
      <form class="stack" onSubmit={create} novalidate>
        <TextField label="Name" value={name} onValue={setName} hint="Who uses it, such as “the shop’s backend”." />
        <fieldset>
          <legend>What it may do, for {me.tenant.name}</legend>
          {SCOPES.filter((scope) => mayDo(me, scope)).map((scope) => (
            <Checkbox
              key={scope}
              label={`${scope}: ${SCOPE_MEANINGS[scope]}`}
              checked={scopes.includes(scope)}
              onChecked={(on) => setScopes(on ? [...scopes, scope] : scopes.filter((each) => each !== scope))}
            />
          ))}
        </fieldset>
        <Select label="It expires" value={days} onValue={setDays} options={LIFETIMES} />
        {refused && <Notice tone="bad">{refused}</Notice>}
        <div class="row">
          <Button type="submit" kind="primary" busy={busy} disabled={name.trim() === '' || scopes.length === 0}>
            Make it
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
