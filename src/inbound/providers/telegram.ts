// Telegram: https://core.telegram.org/bots/api#setwebhook
import { builtIn } from './built-in.js';
import { tokenIn } from './claims.js';
import { field } from './naming.js';
import { secretItself } from './scheme.js';

/** Telegram: the `secret_token` of `setWebhook` itself, nothing is signed. The type is the one member beside `update_id`. */
export const telegram = builtIn({
  name: 'telegram',
  title: 'Telegram',
  page: 'https://core.telegram.org/bots/api#setwebhook',
  secret: 'The `secret_token` you gave to `setWebhook`',
  covers: 'nothing',
  scheme: { read: tokenIn('X-Telegram-Bot-Api-Secret-Token'), check: secretItself },
  id: field('update_id'),
  type: {
    says: 'the member beside `update_id`',
    of: (_request, data) =>
      typeof data === 'object' && data !== null && Object.hasOwn(data, 'update_id')
        ? Object.keys(data).find((name) => name !== 'update_id')
        : undefined,
  },
});
