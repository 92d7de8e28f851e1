// Which paths are ours, told by a route parameter that only our routes have: middleware comes before the router, and must not
// take a path that the host answers itself.

/** What is read of an Express application. */
export interface RoutedByPost {
  readonly router: {
    readonly stack: readonly { readonly route?: { path?: unknown; methods?: Record<string, boolean> } }[];
  };
}

/** The parameters of a path that is ours; `undefined` for any other. */
export type RouteFinder = (path: string) => Readonly<Record<string, string>> | undefined;

/** Knows our routes as Nest registered them, with every prefix and version; a host's own literal route goes before. */
export function routeFinder(app: RoutedByPost, parameter: string): RouteFinder {
  const literals = new Set<string>();
  const patterns: { expression: RegExp; names: string[] }[] = [];
  for (const { route } of app.router.stack) {
    if (typeof route?.path !== 'string' || !(route.methods?.post || route.methods?._all)) continue;
    const segments = route.path.split('/');
    if (!/[:*{]/.test(route.path)) literals.add(normal(route.path));
    if (!segments.includes(`:${parameter}`)) continue;
    patterns.push({
      expression: new RegExp(
        `^${segments.map((part) => (part.startsWith(':') ? '([^/]+)' : literal(part))).join('/')}/?$`,
        'i',
      ),
      names: segments.filter((part) => part.startsWith(':')).map((part) => part.slice(1)),
    });
  }
  return (path) => {
    for (const { expression, names } of patterns) {
      const values = expression.exec(path)?.slice(1);
      if (values)
        return literals.has(normal(path))
          ? undefined
          : Object.fromEntries(names.map((name, at) => [name, decoded(values[at])]));
    }
    return undefined;
  };
}

const normal = (path: string): string => path.toLowerCase().replace(/\/$/, '');
const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Text that is not percent-encoded UTF-8 stays as it is: it names nothing that exists. */
function decoded(text = ''): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
