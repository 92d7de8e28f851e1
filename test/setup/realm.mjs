// Inside Jest's VM, errors born in Node or undici are not `instanceof Error`. Without this, code that asks
// `error instanceof Error` would take another branch in tests than in production.
import { types } from 'node:util';

const ordinary = Function.prototype[Symbol.hasInstance];
for (const Class of [Error, TypeError, RangeError, SyntaxError]) {
  Object.defineProperty(Class, Symbol.hasInstance, {
    configurable: true,
    value(candidate) {
      if (ordinary.call(this, candidate)) return true;
      return this === Class && types.isNativeError(candidate) && (Class === Error || candidate.name === Class.name);
    },
  });
}
