// Which methods a path has: to tell 405 from 404, and to answer OPTIONS. Read from Express's own routes when it is first
// asked, after every module has added its own.

interface Layer {
  readonly route?: { readonly path: unknown; readonly methods: Readonly<Record<string, boolean>> };
}

/** What we read of an Express application. */
export interface RoutedApp {
  readonly router: { readonly stack: readonly Layer[] };
}

interface Route {
  readonly pattern: RegExp;
  readonly methods: readonly string[];
}

export class RouteTable {
  #routes: readonly Route[] | undefined;

  constructor(private readonly app: RoutedApp) {}

  /** The methods of a path as `Allow` lists them; none where no route has this path. */
  methodsOf(path: string): string[] {
    this.#routes ??= this.app.router.stack.flatMap(routesOf);
    const methods = new Set(this.#routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods));
    if (methods.has('GET')) methods.add('HEAD');
    if (methods.size > 0) methods.add('OPTIONS');
    return [...methods].sort();
  }
}

/** Wildcard routes are left out: a catch-all would turn every unknown path into a 405. */
function routesOf({ route }: Layer): Route[] {
  const paths: unknown[] = route ? [route.path].flat() : [];
  return paths
    .filter((path): path is string => typeof path === 'string' && !/[*{}]/.test(path))
    .map((path) => ({
      pattern: new RegExp(`^${path.split('/').map(segmentPattern).join('/').replace(/\/$/, '')}/?$`, 'i'),
      methods: Object.keys(route?.methods ?? {})
        .filter((method) => method !== '_all')
        .map((method) => method.toUpperCase()),
    }));
}

const segmentPattern = (segment: string): string =>
  segment.startsWith(':') ? '[^/]+' : segment.replaceAll(/[.*+?^${}()|[\]\\-]/g, String.raw`\$&`);
