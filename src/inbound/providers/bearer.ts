// A bearer token: https://www.rfc-editor.org/rfc/rfc6750. Nothing is signed.
import { builtIn } from './built-in.js';
import { tokenIn } from './claims.js';
import { configured, configuredProblem } from './configured.js';
import { secretItself } from './scheme.js';

/** Any sender that can only send a token. */
export const bearer = builtIn({
  name: 'bearer',
  title: 'Any sender with a bearer token',
  page: 'https://www.rfc-editor.org/rfc/rfc6750',
  secret: 'The token, as given to the sender',
  config: '`id`, `type`: as for `hmac`',
  covers: 'nothing',
  scheme: { read: tokenIn('Authorization', 'Bearer '), check: secretItself },
  sendsJson: false,
  ...configured,
  problemOf: (_secrets, config) => configuredProblem(config),
});
