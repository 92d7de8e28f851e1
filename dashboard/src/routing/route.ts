// Where one is: `#/deliveries/<id>?status=failed`. What is filtered stands in the address, so that it can be bookmarked,
// sent to a colleague and gone back to.
import { useEffect, useState } from 'preact/hooks';

export interface Route {
  /** The page and what of it: `['deliveries', '<id>']`. */
  readonly path: readonly string[];
  readonly params: URLSearchParams;
}

export type Params = Readonly<Record<string, string | number | undefined>>;

export function currentRoute(): Route {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  return { path: path.split('/').filter(Boolean).map(decodeURIComponent), params: new URLSearchParams(query) };
}

/** The address of a place within the page. */
export function hrefOf(path: string, params: Params = {}): string {
  const entries = Object.entries(params).filter(([, value]) => value !== undefined && value !== '');
  const query = new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString();
  return `#/${path}${query && `?${query}`}`;
}

export function go(path: string, params: Params = {}): void {
  location.hash = hrefOf(path, params);
}

/** Changes filters, and keeps the others. The page of a list is forgotten, because it was one of another list. */
export function refine(change: Params): void {
  const { path, params } = currentRoute();
  const all = { ...Object.fromEntries(params), cursor: undefined, ...change };
  go(path.map(encodeURIComponent).join('/'), all);
}

export function useRoute(): Route {
  const [route, setRoute] = useState(currentRoute);
  useEffect(() => {
    const listen = (): void => setRoute(currentRoute());
    addEventListener('hashchange', listen);
    return () => removeEventListener('hashchange', listen);
  }, []);
  return route;
}
