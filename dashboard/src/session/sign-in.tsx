// Signing in with an API key. The key is tried before it is kept, so that a wrong one is said to be wrong here.
import { useRef, useState } from 'preact/hooks';
import { ApiError, sentenceOf } from '../api/client';
import { Button } from '../components/button';
import { TextField } from '../components/fields';
import { Notice } from '../components/notice';
import { Mark } from '../shell/mark';
import { whoAmI } from './me';
import { session } from './session';

export function SignIn({ notice }: { notice: string | undefined }) {
  const [key, setKey] = useState('');
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  const signIn = async (event: Event): Promise<void> => {
    event.preventDefault();
    const given = key.trim();
    if (given === '') return setError('Paste an API key.');
    setBusy(true);
    try {
      await whoAmI(undefined, given);
      session.signIn(given);
    } catch (refusal) {
      const wrong = refusal instanceof ApiError && refusal.status === 401;
      setError(wrong ? 'This key is not valid. Check that all of it was copied.' : sentenceOf(refusal));
      form.current?.querySelector('input')?.focus();
    } finally {
      setBusy(false);
    }
  };

  return (
    <main class="sign-in">
      <form class="panel" ref={form} onSubmit={(event) => void signIn(event)} novalidate>
        <h1>
          <Mark /> Posthorn
        </h1>
        {notice && !error && <Notice tone="warn">{notice}</Notice>}
        <TextField label="API key" type="password" value={key} onValue={setKey} error={error} autofocus />
        <Button type="submit" kind="primary" busy={busy}>
          Sign in
        </Button>
        <p class="hint">
          The administrator’s key stands in the server’s first log, or in <code>ADMIN_API_KEY</code>. It is kept in this
          tab alone, until you close it.
        </p>
      </form>
    </main>
  );
}
