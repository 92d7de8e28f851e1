// Sealing every secret under the first encryption key, after which older keys may be dropped.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { ReEncrypted, SealedState } from '../../api/settings-types';
import { useAction } from '../../api/use-action';
import { useResource } from '../../api/use-resource';
import { Button } from '../../components/button';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { Progress } from '../../components/progress';

const FOLLOW_MS = 1_000;

export function Encryption() {
  const [done, setDone] = useState<ReEncrypted>();
  const [before, setBefore] = useState(0);
  const { busy, refused, run } = useAction();
  const { value, error, reload } = useResource((signal) => api.get<SealedState>('encryption', {}, signal), [], {
    everyMs: busy ? FOLLOW_MS : undefined,
  });
  const start = (): void =>
    run(async () => {
      setDone(undefined);
      setBefore(value?.outdated ?? 0);
      setDone(await api.post<ReEncrypted>('encryption/re-encrypt'));
      reload();
    });
  return (
    <>
      <PageHead title="Encryption" />
      <section class="panel stack narrow">
        <p>
          Secrets are encrypted under the first key of <code>ENCRYPTION_KEY</code>. To change it, put a new one in front
          and restart; then seal all secrets anew here, and drop the old one.
        </p>
        {error && <Notice tone="bad">{error}</Notice>}
        {value && <p>{stateText(value)}</p>}
        {busy && (
          <>
            <Progress done={before - (value?.outdated ?? before)} of={before} label="Secrets are sealed anew" />
            <p class="muted">It goes on, even if you leave this page.</p>
          </>
        )}
        {refused && <Notice tone="bad">{refused}</Notice>}
        {done && <Notice tone="good">{sealedText(done)}</Notice>}
        {done && done.unreadable > 0 && (
          <Notice tone="bad">
            {done.unreadable.toLocaleString()} {done.unreadable === 1 ? 'is' : 'are'} under a key that is not there: put
            it back behind the others, and do this again. Until then, keep every key.
          </Notice>
        )}
        <div class="row">
          <Button kind="primary" busy={busy} onClick={start}>
            Seal all secrets anew
          </Button>
        </div>
      </section>
    </>
  );
}

function sealedText({ reencrypted, unreadable }: ReEncrypted): string {
  const sealed = `${reencrypted.toLocaleString()} ${reencrypted === 1 ? 'secret was' : 'secrets were'} sealed anew`;
  return unreadable === 0 ? `${sealed}. The keys behind the first may be dropped.` : `${sealed}.`;
}

function stateText({ sealed, outdated }: SealedState): string {
  if (sealed === 0) return 'No secret is stored yet.';
  const under = outdated === 0 ? 'All' : `${(sealed - outdated).toLocaleString()}`;
  return `${under} of ${sealed.toLocaleString()} ${sealed === 1 ? 'secret' : 'secrets'} under the first key.`;
}
