import type { BuiltInProvider } from './built-in.js';
import { github } from './github.js';
import { stripe } from './stripe.js';

/** Every kind of sender that is known without a class of one's own. */
export const BUILT_IN_PROVIDERS: readonly BuiltInProvider[] = [stripe, github];
