// Who is signed in, for this tab and no longer: the key lives in sessionStorage and goes out in a header, never in an
// address. A portal link brings its token in the fragment, which no server and no log sees; it is taken once and stripped.

interface Session {
  readonly key: string | undefined;
  /** The tenant that the administrator acts for. */
  readonly tenant: string | undefined;
  /** The key came with a link, so there is none to type in again. */
  readonly byLink: boolean;
  /** Why the sign-in is shown, where there is something to say. */
  readonly notice: string | undefined;
}

// Two installations may lie side by side on one host.
const NAME = `posthorn:${location.pathname}`;
const NOBODY: Session = { key: undefined, tenant: undefined, byLink: false, notice: undefined };

class SessionStore {
  #current: Session = read();
  readonly #listeners = new Set<() => void>();

  get current(): Session {
    return this.#current;
  }

  signIn(key: string, byLink = false): void {
    this.#change({ ...NOBODY, key, byLink });
  }

  signOut(): void {
    this.#change(NOBODY);
  }

  /** The API does not know the key. */
  refused(): void {
    const { key, byLink } = this.#current;
    if (key === undefined) return;
    const notice = byLink
      ? 'This link is not valid any more. Ask whoever gave it to you for a new one.'
      : 'This key is not valid. It may have been revoked, or have expired.';
    this.#change({ ...NOBODY, notice });
  }

  actFor(tenant: string): void {
    this.#change({ ...this.#current, tenant });
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #change(next: Session): void {
    this.#current = next;
    const { key, tenant, byLink } = next;
    if (key === undefined) sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, JSON.stringify({ key, tenant, byLink }));
    for (const listener of this.#listeners) listener();
  }
}

function read(): Session {
  try {
    const { key, tenant, byLink } = JSON.parse(sessionStorage.getItem(NAME) ?? '{}') as Partial<Session>;
    return { key, tenant, byLink: byLink === true, notice: undefined };
  } catch {
    return NOBODY;
  }
}

export const session = new SessionStore();

/** Signs in with the token of a portal link, before anything else reads the fragment. */
export function takeTokenOfLink(): void {
  const token = /^#token=([^&]+)$/.exec(location.hash)?.[1];
  if (token === undefined) return;
  history.replaceState(null, '', location.pathname + location.search);
  session.signIn(decodeURIComponent(token), true);
}
