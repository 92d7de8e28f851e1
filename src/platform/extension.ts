// How an application puts its own class in the place of one of ours: the same for every seam.
import type {
  ClassProvider,
  ExistingProvider,
  FactoryProvider,
  InjectionToken,
  Provider,
  Type,
  ValueProvider,
} from '@nestjs/common';

/**
 * A class of yours, or a Nest provider without its token: `{ useClass }`, `{ useExisting }`, `{ useFactory, inject }` or
 * `{ useValue }`. What it injects comes from your global modules, and from the `imports` given to `PosthornModule`.
 */
export type Extension<T> =
  | Type<T>
  | Omit<ClassProvider<T>, 'provide'>
  | Omit<ExistingProvider<T>, 'provide'>
  | Omit<FactoryProvider<T>, 'provide'>
  | Omit<ValueProvider<T>, 'provide'>;

/** The provider of an extension, under our token. */
export const extensionProvider = <T>(token: InjectionToken<T>, extension: Extension<T>): Provider<T> =>
  typeof extension === 'function' ? { provide: token, useClass: extension } : { provide: token, ...extension };
