// A secret that was just made, and how a receiver verifies with it.
import { Code } from '../../components/code';
import { Notice } from '../../components/notice';
import { Tabs } from '../../components/tabs';
import { snippetsOf } from './snippets';

interface Props {
  /** Null: it is a private key, which is never shown. */
  readonly secret: string | null;
  readonly publicKey: string | null;
  readonly url: string;
}

export const ShownSecret = ({ secret, publicKey, url }: Props) => (
  <section class="panel stack">
    {secret !== null && (
      <>
        <h2>Signing secret</h2>
        <Notice tone="warn">This is the only time that it is shown. Keep it where your receiver reads it.</Notice>
        <Code label="Signing secret" text={secret} />
      </>
    )}
    {publicKey !== null && (
      <>
        <h2>Public key</h2>
        <Code label="Public key" text={publicKey} />
      </>
    )}
    <VerifySnippets url={url} />
  </section>
);

export const VerifySnippets = ({ url }: { readonly url: string }) => (
  <>
    <h2>Verify what arrives</h2>
    <p class="muted">
      Over the bytes as they came, before anything parses them; the secret is in <code>WEBHOOK_SECRET</code>.
    </p>
    <Tabs
      label="Languages"
      tabs={snippetsOf(url).map(({ title, text }) => ({
        title,
        content: <Code label={`${title} example`} text={text} />,
      }))}
    />
  </>
);
