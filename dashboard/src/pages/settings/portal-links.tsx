// Links by which a customer sees part of this page, for its own tenant and for a while.
import { useState } from 'preact/hooks';
import { PAGES } from '..';
import type { PageProps } from '..';
import { api } from '../../api/client';
import type { PortalSession } from '../../api/settings-types';
import { useAction } from '../../api/use-action';
import { Button } from '../../components/button';
import { Code } from '../../components/code';
import { Checkbox, Select, TextField } from '../../components/fields';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { Time } from '../../components/time';

const SECTIONS = PAGES.filter(({ path }) => path !== 'settings');

/** Sources are seldom a customer's own. */
const USUAL: readonly string[] = SECTIONS.map(({ path }) => path).filter((path) => path !== 'received');

const LIFETIMES = [
  ['15m', '15 minutes'],
  ['1h', 'an hour'],
  ['8h', '8 hours'],
  ['24h', 'a day'],
] as const;

const MODES = [
  ['', 'as the customer’s system is'],
  ['light', 'light'],
  ['dark', 'dark'],
] as const;

export function PortalLinks({ me }: PageProps) {
  const [sections, setSections] = useState(USUAL);
  const [readOnly, setReadOnly] = useState(false);
  const [expiresIn, setExpiresIn] = useState('1h');
  const [user, setUser] = useState('');
  const [accent, setAccent] = useState('');
  const [mode, setMode] = useState('');
  const [created, setCreated] = useState<PortalSession>();
  const { busy, refused, run } = useAction();
  const create = (event: Event): void => {
    event.preventDefault();
    const theme = { accent: accent.trim() || undefined, mode: mode || undefined };
    const asked = { sections, readOnly, expiresIn, user: user.trim() || undefined, theme };
    run(async () => setCreated(await api.post<PortalSession>('portal-sessions', asked)));
  };
  if (created) return <Created session={created} onDone={() => setCreated(undefined)} />;
  return (
    <>
      <PageHead title="Portal links" />
      <p class="muted">
        A link opens the parts that you choose, for {me.tenant.name}, with no account. Your application makes one
        whenever a customer clicks: <code>POST /api/portal-sessions</code>. Here you try it.
      </p>
      <form class="panel stack narrow" onSubmit={create} novalidate>
        <fieldset>
          <legend>It opens</legend>
          {SECTIONS.map(({ path, title }) => (
            <Checkbox
              key={path}
              label={title}
              checked={sections.includes(path)}
              onChecked={(on) => setSections(on ? [...sections, path] : sections.filter((each) => each !== path))}
            />
          ))}
        </fieldset>
        <Checkbox label="To look at only" checked={readOnly} onChecked={setReadOnly} />
        <Select label="It lasts" value={expiresIn} onValue={setExpiresIn} options={LIFETIMES} />
        <TextField label="Who will use it" value={user} onValue={setUser} hint="The audit log names them so." />
        <TextField
          label="Accent colour"
          value={accent}
          onValue={setAccent}
          placeholder="#0b6e4f"
          hint="Of links and buttons. Empty: Posthorn’s."
        />
        <Select label="Theme" value={mode} onValue={setMode} options={MODES} />
        {refused && <Notice tone="bad">{refused}</Notice>}
        <div class="row">
          <Button type="submit" kind="primary" busy={busy} disabled={sections.length === 0}>
            Make a link
          </Button>
        </div>
      </form>
    </>
  );
}

interface CreatedProps {
  readonly session: PortalSession;
  readonly onDone: () => void;
}

function Created({ session: { id, url = '', expiresAt }, onDone }: CreatedProps) {
  const [ended, setEnded] = useState(false);
  const { busy, refused, run } = useAction();
  const end = (): void =>
    run(async () => {
      await api.delete(`portal-sessions/${id}`);
      setEnded(true);
    });
  return (
    <>
      <PageHead title="The new link" />
      <section class="panel stack">
        <Notice tone="warn">
          This is the only time that it is shown. Whoever has it is let in until <Time at={expiresAt} />.
        </Notice>
        <Code label="Link" text={url} />
        <h2>In a frame of your own page</h2>
        <p class="muted">
          Where <code>FRAME_ANCESTORS</code> names your site. Let your server make a new link each time it is shown.
        </p>
        <Code label="Frame" text={`<iframe src="${url}" title="Webhooks" width="100%" height="800"></iframe>`} />
        {refused && <Notice tone="bad">{refused}</Notice>}
        {ended && <Notice tone="good">It is over: the link opens nothing any more.</Notice>}
        <div class="row">
          <Button kind="primary" onClick={onDone}>
            Done
          </Button>
          {!ended && (
            <Button kind="danger" busy={busy} onClick={end}>
              End it now
            </Button>
          )}
        </div>
      </section>
    </>
  );
}
