// HTTP Basic: https://www.rfc-editor.org/rfc/rfc7617. Nothing is signed.
import { equalTexts } from '../../kernel/signatures/hmac.js';
import { parseBase64 } from '../../kernel/signatures/encoding.js';
import { builtIn } from './built-in.js';
import { tokenIn } from './claims.js';
import { configured, configuredProblem } from './configured.js';

/** Any sender that can only send user and password. The password may contain colons, the user may be empty. */
export const basic = builtIn({
  name: 'basic',
  title: 'Any sender with user and password',
  page: 'https://www.rfc-editor.org/rfc/rfc7617',
  secret: '`user:password`, as given to the sender',
  config: '`id`, `type`: as for `hmac`',
  covers: 'nothing',
  scheme: {
    read: tokenIn('Authorization', 'Basic '),
    check: (secret, { token = '' }) => equalTexts(parseBase64(token)?.toString('utf8') ?? '', secret.reveal()),
  },
  sendsJson: false,
  ...configured,
  problemOf: (secrets, config) =>
    secrets.every((secret) => secret.reveal().includes(':'))
      ? configuredProblem(config)
      : 'A secret must be user:password.',
});
