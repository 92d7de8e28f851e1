// What stays while one goes from page to page: navigation, tenant, theme. Pages are loaded when they are first gone to.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ComponentType } from 'preact';
import { useResource } from '../api/use-resource';
import { Button } from '../components/button';
import { Empty } from '../components/empty';
import { Notice } from '../components/notice';
import { PAGES } from '../pages';
import type { PageDefinition, PageProps } from '../pages';
import { hrefOf, useRoute } from '../routing/route';
import { mayDo, seesSection, whoAmI } from '../session/me';
import { session } from '../session/session';
import { Mark } from './mark';
import { TenantPicker } from './tenant-picker';
import { applyTheme, ThemeToggle } from './theme';

export function Shell() {
  const me = useResource(whoAmI, []);
  // Before anything is seen in another colour.
  useLayoutEffect(() => {
    if (me.value?.portal) applyTheme(me.value.portal.theme);
  }, [me.value]);
  if (me.error && !me.value) {
    return (
      <main class="sign-in">
        <div class="panel">
          <Notice tone="bad">{me.error}</Notice>
          <Button kind="primary" onClick={me.reload}>
            Try again
          </Button>
          <Button onClick={() => session.signOut()}>Sign out</Button>
        </div>
      </main>
    );
  }
  if (!me.value) return null;
  const { value } = me;
  return <SignedIn me={value} pages={PAGES.filter((page) => seesSection(value, page.path))} />;
}

function SignedIn({ me, pages }: { me: PageProps['me']; pages: readonly PageDefinition[] }) {
  const route = useRoute();
  const page = pages.find(({ path }) => path === route.path[0]) ?? (route.path.length === 0 ? pages[0] : undefined);
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={focusMain}>
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href={hrefOf(pages[0]?.path ?? '')}>
          <Mark /> Posthorn
        </a>
        <nav aria-label="Pages">
          {pages.map(({ path, title }) => (
            <a key={path} href={hrefOf(path)} aria-current={path === page?.path ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <div class="tools">
          {me.installation ? <TenantPicker tenant={me.tenant.id} /> : <span class="tenant">{me.tenant.name}</span>}
          <ThemeToggle />
          {me.portal ? null : (
            <Button kind="quiet" onClick={() => session.signOut()}>
              Sign out
            </Button>
          )}
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {page ? (
          <Loaded key={page.path} page={page} me={me} rest={route.path.slice(1)} params={route.params} />
        ) : (
          <Lost />
        )}
      </main>
    </div>
  );
}

/** The address's fragment says which page is open, so the link may not change it. */
function focusMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

type LoadedProps = PageProps & { readonly page: PageDefinition };

function Loaded({ page, me, rest, params }: LoadedProps) {
  const [Page, setPage] = useState<ComponentType<PageProps>>();
  const [failed, setFailed] = useState(false);
  const place = useRef(rest.join('/'));
  useEffect(() => {
    document.title = `${page.title} · Posthorn`;
    page.load().then(
      ({ default: loaded }) => setPage(() => loaded),
      () => setFailed(true),
    );
  }, [page]);
  useEffect(() => {
    if (place.current === rest.join('/')) return;
    place.current = rest.join('/');
    // Another thing is shown: who reads with a screen reader is told, and the top of it is seen.
    scrollTo(0, 0);
    document.getElementById('main')?.focus({ preventScroll: true });
  }, [rest.join('/')]);
  if (!mayDo(me, page.scope))
    return (
      <Empty title="This key does not open this page">
        It takes a key with the scope <code>{page.scope}</code>.
      </Empty>
    );
  if (failed)
    return <Empty title="This page could not be loaded">The server may have been updated. Reload the page.</Empty>;
  return Page ? <Page me={me} rest={rest} params={params} /> : null;
}

const Lost = () => (
  <Empty title="There is nothing here">
    The address may be mistyped. <a href={hrefOf('')}>Go to the first page</a>.
  </Empty>
);
