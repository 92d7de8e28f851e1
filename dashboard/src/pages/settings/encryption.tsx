// Sealing every secret under the first encryption key, after which older keys may be dropped.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { ReEncrypted } from '../../api/settings-types';
import { useAction } from '../../api/use-action';
import { Button } from '../../components/button';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';

export function Encryption() {
  const [done, setDone] = useState<ReEncrypted>();
  const { busy, refused, run } = useAction();
  const start = (): void =>
    run(async () => {
      setDone(undefined);
      setDone(await api.post<ReEncrypted>('encryption/re-encrypt'));
    });
  return (
    <>
      <PageHead title="Encryption" />
      <section class="panel stack narrow">
        <p>
          Secrets are encrypted under the first key of <code>ENCRYPTION_KEY</code>. To change it, put a new one in front
          and restart; then seal all secrets anew here, and drop the old one.
        </p>
        {busy && (
          <div class="progress">
            <progress aria-label="Secrets are sealed anew" />
            <span>It goes on, even if you leave this page.</span>
          </div>
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
