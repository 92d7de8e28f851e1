import type { INestApplicationContext } from '@nestjs/common';

/** How to close each server that is open now. One that a failed test has left is closed when its file ends. */
export const leftOpen = new Set<() => Promise<void>>();

/** Has an application closed when its file ends, unless that was done before. */
export function closedWithItsFile<App extends INestApplicationContext>(app: App): App {
  const close = app.close.bind(app);
  let closed: Promise<void> | undefined;
  // Jest closes it before the file does: its hooks run in the order of their definition.
  const closing = (): Promise<void> => {
    leftOpen.delete(closing);
    return (closed ??= close());
  };
  app.close = closing;
  leftOpen.add(closing);
  return app;
}
