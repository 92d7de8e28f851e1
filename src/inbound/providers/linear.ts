// Linear: https://linear.app/developers/webhooks#securing-webhooks
import { parseJson } from './body.js';
import { builtIn } from './built-in.js';
import { hex, oneSignature } from './claims.js';
import { field, header, joined, moment } from './naming.js';
import { fieldOf } from './provider.js';
import { bodyAlone, macOf } from './scheme.js';

/** Linear: hex over the body. The time is a member of the body, `webhookTimestamp`, and so signed with it: one without is refused. */
export const linear = builtIn({
  name: 'linear',
  title: 'Linear',
  page: 'https://linear.app/developers/webhooks#securing-webhooks',
  secret: 'The webhook’s signing secret (`lin_wh_…`), in Settings → API',
  scheme: {
    read: oneSignature('Linear-Signature', hex(32)),
    check: macOf('sha256', bodyAlone),
    time: {
      unit: 'ms',
      toleranceSeconds: 60,
      of: ({ body }) => {
        const time = fieldOf(parseJson(body)?.data, ['webhookTimestamp']);
        return typeof time === 'number' ? String(time) : undefined;
      },
    },
  },
  id: header('Linear-Delivery'),
  type: joined('.', field('type'), field('action')),
  occurredAt: moment('iso', 'createdAt'),
});
