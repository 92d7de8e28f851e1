// How a receiver verifies, in a few languages; and how to try one by hand.
export const snippetsOf = (url: string): readonly { readonly title: string; readonly text: string }[] => [
  {
    title: 'TypeScript',
    text: `import { Webhook } from 'standardwebhooks'; // npm install standardwebhooks

const webhook = new Webhook(process.env.WEBHOOK_SECRET);

// Throws unless the request is genuine and at most five minutes old.
const event = webhook.verify(rawBody, headers);`,
  },
  {
    title: 'Python',
    text: `import os
from standardwebhooks import Webhook  # pip install standardwebhooks

webhook = Webhook(os.environ["WEBHOOK_SECRET"])

# Raises unless the request is genuine and at most five minutes old.
event = webhook.verify(raw_body, headers)`,
  },
  {
    title: 'Go',
    text: `import standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

webhook, err := standardwebhooks.NewWebhook(os.Getenv("WEBHOOK_SECRET"))
if err != nil {
	return err
}
// An error unless the request is genuine and at most five minutes old.
err = webhook.Verify(rawBody, request.Header)`,
  },
  {
    title: 'curl',
    text: `# A signed request by hand, to try the receiver.
BODY='{"event":"test","data":{}}'
SIGNATURE=$(printf %s "$BODY" | openssl dgst -sha256 -hmac "$WEBHOOK_SECRET" -r | cut -d' ' -f1)
curl -X POST '${url.replaceAll("'", '%27')}' \\
  -H 'Content-Type: application/json' \\
  -H "X-Webhook-Signature: sha256=$SIGNATURE" \\
  --data-raw "$BODY"`,
  },
];
