import { api } from '../../api/client';
import { useAction } from '../../api/use-action';
import { Button } from '../../components/button';
import { Dialog } from '../../components/dialog';
import { Notice } from '../../components/notice';
import { go } from '../../routing/route';

interface Props {
  readonly path: string;
  readonly name: string;
  readonly onClose: () => void;
}

export function DeleteDialog({ path, name, onClose }: Props) {
  const { busy, refused, run } = useAction();
  const remove = (): void =>
    run(async () => {
      await api.delete(path);
      go('event-types');
    });
  return (
    <Dialog title="Delete this event type?" onClose={onClose}>
      <div class="stack">
        <p>
          <strong>{name}</strong> leaves the catalogue, with its schema and its example. Its events stay in the log, and
          webhooks that take it stay as they are. This cannot be undone; archiving can.
        </p>
        {refused && <Notice tone="bad">{refused}</Notice>}
        <div class="row">
          <Button kind="danger" busy={busy} onClick={remove}>
            Delete it
          </Button>
          <Button onClick={onClose}>Keep it</Button>
        </div>
      </div>
    </Dialog>
  );
}
