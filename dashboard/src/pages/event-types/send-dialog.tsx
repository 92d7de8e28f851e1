// Sending an event of a type: its example, or what one makes of it; then how many it went to.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { EventType } from '../../api/event-type';
import type { Me } from '../../api/types';
import { useAction } from '../../api/use-action';
import { Button, ButtonLink } from '../../components/button';
import { Dialog } from '../../components/dialog';
import { TextArea } from '../../components/fields';
import { Notice } from '../../components/notice';
import { hrefOf } from '../../routing/route';
import { mayDo } from '../../session/me';
import { objectOf } from '../../api/json-object';

interface Sent {
  readonly id: string;
  readonly deliveries: number;
}

interface Props {
  readonly type: EventType;
  readonly me: Me;
  readonly onClose: () => void;
}

export function SendDialog({ type: { name, example }, me, onClose }: Props) {
  const [text, setText] = useState(() => JSON.stringify(example ?? {}, null, 2));
  const [sent, setSent] = useState<Sent>();
  const { busy, refused, run } = useAction();
  const data = objectOf(text);
  const send = (): void => run(async () => setSent(await api.post<Sent>('events', { event: name, data })));
  return (
    <Dialog title={`Send ${name}`} onClose={onClose}>
      <div class="stack">
        <p class="muted">It is a real event: every webhook that subscribes gets it.</p>
        <TextArea
          label="Data"
          mono
          rows={10}
          value={text}
          onValue={setText}
          error={data ? undefined : 'This is not a JSON object yet.'}
        />
        {refused && <Notice tone="bad">{refused}</Notice>}
        {sent && (
          <Notice tone={sent.deliveries === 0 ? 'warn' : 'good'}>
            {wentTo(sent.deliveries)}{' '}
            {mayDo(me, 'deliveries:read') && <a href={hrefOf(`deliveries/event/${sent.id}`)}>See what became of it</a>}
          </Notice>
        )}
        <div class="row">
          <Button kind="primary" busy={busy} disabled={!data} onClick={send}>
            {sent ? 'Send it again' : 'Send it'}
          </Button>
          {sent?.deliveries === 0 && mayDo(me, 'webhooks:write') && (
            <ButtonLink href={hrefOf('webhooks/new')}>Add a webhook</ButtonLink>
          )}
          <Button onClick={onClose}>Close</Button>
        </div>
      </div>
    </Dialog>
  );
}

function wentTo(count: number): string {
  if (count === 0) return 'It was stored, and went to nobody: no webhook takes it.';
  return `It goes to ${count.toLocaleString()} ${count === 1 ? 'webhook' : 'webhooks'}.`;
}
