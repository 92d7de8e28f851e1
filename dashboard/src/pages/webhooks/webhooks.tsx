// Webhooks: all of them, one of them, a new one.
import type { PageProps } from '..';
import { CreateWebhook } from './create-webhook';
import { EditWebhook } from './edit-webhook';
import { WebhookList } from './webhook-list';
import { WebhookView } from './webhook-view';
import './webhooks.css';

export default function Webhooks(props: PageProps) {
  const [first, second] = props.rest;
  if (first === undefined) return <WebhookList {...props} />;
  if (first === 'new') return <CreateWebhook />;
  return second === 'edit' ? <EditWebhook key={first} id={first} /> : <WebhookView key={first} id={first} {...props} />;
}
