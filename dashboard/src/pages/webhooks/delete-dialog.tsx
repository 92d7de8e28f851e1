import { api } from '../../api/client';
import { useAction } from '../../api/use-action';
import { Button } from '../../components/button';
import { Dialog } from '../../components/dialog';
import { Notice } from '../../components/notice';
import { go } from '../../routing/route';

interface Props {
  readonly path: string;
  readonly url: string;
  readonly onClose: () => void;
}

/** What cannot be taken back is asked twice. */
export function DeleteDialog({ path, url, onClose }: Props) {
  const { busy, refused, run } = useAction();
  const remove = (): void =>
    run(async () => {
      await api.delete(path);
      go('webhooks');
    });
  return (
    <Dialog title="Delete this webhook?" onClose={onClose}>
      <div class="stack">
        <p>
          Nothing is sent to <strong>{url}</strong> any more, and what waits is skipped. Its deliveries stay in the log.
          This cannot be undone; disabling can.
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
