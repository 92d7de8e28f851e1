// What the demo does, in order. Every step is checked; the first that is not as promised ends it with a sentence.
import { createHmac, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { startServer } from '../../dist/server.js';
import { startReceiver } from './receiver.mjs';
import { githubWebhook, stripeWebhook } from './senders.mjs';
import { table } from './table.mjs';

const FINAL = new Set(['success', 'client_error', 'failed', 'skipped', 'expired']);
const WITHIN_MS = 10_000;

const say = (line = '') => console.log(line);

/** Something is not as promised. */
class Surprise extends Error {}

function expect(truth, sentence) {
  if (!truth) throw new Surprise(sentence);
}

/** Runs the demo, removes what it made, and gives the exit code. */
export async function runDemo() {
  const undo = [];
  // Ctrl-C in the middle must leave nothing behind either: the server stops in order, then the rest goes.
  const interrupted = new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'])
      process.once(signal, () => reject(new Surprise('it was interrupted; everything is stopped and removed.')));
  });
  let failure;
  try {
    await Promise.race([demonstrate(undo), interrupted]);
  } catch (error) {
    failure = error;
  }
  for (const step of undo.reverse()) await step();
  if (!failure) {
    say('Everything was as promised. The server is stopped, and its directory removed.');
    return 0;
  }
  console.error(failure instanceof Surprise ? `\nThe demo failed: ${failure.message}` : failure);
  return 1;
}

async function demonstrate(undo) {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'posthorn-demo-'));
  undo.push(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 }));
  const secrets = { stripe: `whsec_${randomBytes(24).toString('hex')}`, github: randomBytes(24).toString('hex') };
  const adminKey = randomBytes(24).toString('hex');
  const starting = startServer({
    DATA_DIR: dataDir,
    PORT: '0',
    ADMIN_API_KEY: adminKey,
    STRIPE_WEBHOOK_SECRET: secrets.stripe,
    GITHUB_WEBHOOK_SECRET: secrets.github,
    ALLOW_HTTP: 'true',
    ALLOW_NETWORKS: '127.0.0.0/8',
    RETRY_SCHEDULE: '200ms,400ms',
    SHUTDOWN_TIMEOUT: '2s',
    LOG_LEVEL: 'error',
  });
  // Before it runs: an interruption while it starts has to stop it too.
  undo.push(() =>
    starting.then(
      (server) => server.stop(),
      () => undefined,
    ),
  );
  const server = await starting;
  const api = apiOf(server.url, adminKey);
  say(`A server of its own listens at ${server.url}, with a PostgreSQL of its own in a temporary directory.`);

  const shop = await startReceiver('shop', [200]);
  const erp = await startReceiver('erp', [500, 503, 200]);
  const crm = await startReceiver('crm', [400]);
  for (const receiver of [shop, erp, crm]) undo.push(() => receiver.close());
  const webhooks = [
    { ...(await register(api, shop, ['*'])), receiver: shop },
    { ...(await register(api, erp, ['order.*'])), receiver: erp },
    { ...(await register(api, crm, ['invoice.paid'])), receiver: crm },
  ];

  await showSending(api, webhooks);
  await showReceiving(api, server.url, secrets);
}

async function register(api, receiver, events) {
  const { status, body } = await api('POST', '/api/webhooks', { url: receiver.url, events });
  expect(status === 201, `registering a webhook answered ${status} instead of 201.`);
  return body;
}

async function showSending(api, webhooks) {
  say();
  say('SENDING: "shop" takes everything, "erp" fails twice before it accepts, "crm" refuses for good.');
  const order = await dispatch(api, 'order.completed', { orderId: '1042', total: '99.95', note: 'Grüße 🎺' });
  const invoice = await dispatch(api, 'invoice.paid', { invoiceId: 'R-17' });
  expect(
    order.deliveries === 2 && invoice.deliveries === 2,
    'an event was not fanned out to exactly the webhooks that subscribe to it.',
  );
  const log = await until('every delivery is final', async () => {
    const { body } = await api('GET', '/api/deliveries');
    return body.data.length === 4 && body.data.every(({ status }) => FINAL.has(status)) && body.data.toReversed();
  });
  const nameOf = (webhookId) => webhooks.find(({ id }) => id === webhookId).receiver.name;
  const rows = [];
  for (const { id, event, webhookId, status } of log) {
    const { body } = await api('GET', `/api/deliveries/${id}`);
    const answers = body.attempts.map(({ httpStatus }) => httpStatus).join(', ');
    rows.push([event, nameOf(webhookId), status, body.attempts.length, answers]);
  }
  rows.sort((a, b) => `${b[0]} ${b[1]}`.localeCompare(`${a[0]} ${a[1]}`));
  say();
  say(table(['event', 'webhook', 'status', 'attempts', 'answers'], rows));
  expect(
    rows.map(([, webhook, status, attempts]) => `${webhook} ${status} ${attempts}`).join(', ') ===
      'shop success 1, erp success 3, shop success 1, crm client_error 1',
    'the delivery log above is not what these receivers make of these events.',
  );
  say();
  say(`  ${verifyAll(webhooks)} requests came in, each with both signatures right (standardwebhooks, and plain HMAC).`);
}

async function dispatch(api, event, data) {
  const { status, body } = await api('POST', '/api/events', { event, data });
  expect(status === 202, `sending ${event} answered ${status} instead of 202.`);
  return body;
}

/** Checks every request at every receiver as its owner would, and counts them. */
function verifyAll(webhooks) {
  let count = 0;
  for (const { secret, receiver } of webhooks) {
    const bodies = new Set(receiver.received.map(({ body }) => body));
    expect(receiver.received.length === 1 || receiver.name !== 'erp' || bodies.size === 1, 'a retry had another body.');
    for (const { headers, body } of receiver.received) {
      try {
        new Webhook(secret).verify(body, headers);
      } catch (error) {
        throw new Surprise(
          `standardwebhooks refuses the signature of a request to ${receiver.name}: ${error.message}.`,
        );
      }
      const plain = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
      expect(
        headers['x-webhook-signature'] === plain,
        `X-Webhook-Signature of a request to ${receiver.name} is wrong.`,
      );
      count += 1;
    }
  }
  expect(count === 6, `${count} requests reached the receivers instead of 6.`);
  return count;
}

async function showReceiving(api, url, secrets) {
  say();
  say('RECEIVING: Stripe and GitHub send, a copy comes, and somebody tampers.');
  const stripe = stripeWebhook(secrets.stripe);
  const github = await githubWebhook(secrets.github);
  const tampered = { ...stripe, body: stripe.body.replace('9995', '1') };
  const sent = [
    ['stripe, signed by its library', stripe, 200, '{"status":"processed"}'],
    ['the same once more', stripe, 200, '{"status":"already_processed"}'],
    ['the same with another amount', tampered, 401, '{"error":"Invalid signature"}'],
    ['github, signed by its library', github, 200, '{"status":"processed"}'],
  ];
  const rows = [];
  for (const [what, { source, body, headers }, ...promised] of sent) {
    const response = await fetch(`${url}/webhooks/${source}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    const answer = [response.status, await response.text()];
    expect(
      answer.join() === promised.join(),
      `${what} was answered ${answer.join(' ')} instead of ${promised.join(' ')}.`,
    );
    rows.push([what, ...answer]);
  }
  say();
  say(table(['sent', 'status', 'answer'], rows));

  const { body: page } = await api('GET', '/api/received-events');
  const stored = page.data.toReversed().map(({ source, type, status }) => [source, type, status]);
  say();
  say(table(['source', 'type', 'stored as'], stored));
  expect(
    stored.map(([source, type]) => `${source} ${type}`).join(', ') ===
      'stripe payment_intent.succeeded, github pull_request.opened',
    'what is stored is not one event of each sender.',
  );
  say();
  say('  Stored once each; "unhandled", because handlers are your code (docs/receiving.md).');
  say();
}

/** A client of the REST API. */
function apiOf(url, key) {
  return async (method, route, body) => {
    const response = await fetch(url + route, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };
}

/** Asks until there is an answer. */
async function until(what, ask) {
  const deadline = performance.now() + WITHIN_MS;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    expect(performance.now() < deadline, `waited ${WITHIN_MS / 1_000} s in vain until ${what}.`);
    await delay(20);
  }
}
