// Known answers: signatures that others computed and published. A verifier that passes its own signer's output may share
// a mistake with it; these cannot.

/** One published signature, and where it stands. */
export interface SignatureVector {
  readonly origin: string;
  readonly secret: string;
  readonly body: string;
  /** Where the sender signs it. */
  readonly url?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The moment to verify at, where the sender signs a time. */
  readonly nowMs?: number;
}

export const GITHUB_VECTORS: readonly SignatureVector[] = [
  {
    origin:
      'https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation',
    secret: "It's a Secret to Everybody",
    body: 'Hello, World!',
    headers: { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
  },
  {
    origin: 'octokit/webhooks-methods.js, test/verify.test.ts: the two-space JSON and newline that GitHub really sends',
    secret: 'mysecret',
    body: '{\n  "foo": "bar"\n}\n',
    headers: { 'x-hub-signature-256': 'sha256=e3eccac34c43c7dc1cbb905488b1b81347fcc700a7b025697a9d07862256023f' },
  },
  {
    origin: 'octokit/webhooks-methods.js, test/verify.test.ts: compact JSON',
    secret: 'mysecret',
    body: '{"foo":"bar"}',
    headers: { 'x-hub-signature-256': 'sha256=4864d2759938a15468b5df9ade20bf161da9b4f737ea61794142f3484236bda3' },
  },
];

export const STRIPE_VECTORS: readonly SignatureVector[] = [
  {
    origin: 'a webhook conformance tool; stripe-node 23 (generateTestHeaderString) gives the same',
    secret: 'whsec_test_primary_32_byte_key_material',
    body: '{"id":"evt_1","ok":true}',
    headers: {
      'stripe-signature': 't=1700000000,v1=4baa0848f825cb0ac3bb399a74627fed469f817c39cce6dc8c379ee6bbe24675',
    },
    nowMs: 1_700_000_000_000,
  },
];

const MSG = 'msg_p5jXN8AQM9LWM0D4loKWxJek';

/** By provider. Where a vendor publishes no vector, the origin says who computed this one. */
export const VECTORS: Readonly<Record<string, readonly SignatureVector[]>> = {
  github: GITHUB_VECTORS,
  stripe: STRIPE_VECTORS,
  bitbucket: [
    {
      origin: 'https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/#Examples',
      secret: "It's a Secret to Everybody",
      body: 'Hello World!',
      headers: { 'x-hub-signature': 'sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9' },
    },
  ],
  slack: [
    {
      origin: 'https://docs.slack.dev/authentication/verifying-requests-from-slack',
      secret: '8f742231b10e8888abcd99yyyzzz85a5',
      body:
        'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar' +
        '&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com' +
        '%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN' +
        '&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
      headers: {
        'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
        'x-slack-request-timestamp': '1531420618',
      },
      nowMs: 1_531_420_618_000,
    },
  ],
  'standard-webhooks': [
    {
      origin: 'standard-webhooks, libraries/*/test: the message of all its libraries',
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      body: '{"test": 2432232314}',
      headers: {
        'webhook-id': MSG,
        'webhook-timestamp': '1614265330',
        'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
      nowMs: 1_614_265_330_000,
    },
    {
      origin: 'standard-webhooks: the same message, signed by Ed25519',
      secret: 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=',
      body: '{"test": 2432232314}',
      headers: {
        'webhook-id': MSG,
        'webhook-timestamp': '1614265330',
        'webhook-signature':
          'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
      },
      nowMs: 1_614_265_330_000,
    },
  ],
  svix: [
    {
      origin: 'https://docs.svix.com/receiving/verifying-payloads/how-manual',
      secret: 'whsec_plJ3nmyCDGBKInavdOK15jsl',
      body: '{"event_type":"ping","data":{"success":true}}',
      headers: {
        'svix-id': 'msg_loFOjxBNrRLzqYUf',
        'svix-timestamp': '1731705121',
        'svix-signature': 'v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=',
      },
      nowMs: 1_731_705_121_000,
    },
  ],
  gitlab: [
    {
      origin: 'standard-webhooks, whose scheme GitLab’s signing tokens are: the message of all its libraries',
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      body: '{"test": 2432232314}',
      headers: {
        'webhook-id': MSG,
        'webhook-timestamp': '1614265330',
        'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
      nowMs: 1_614_265_330_000,
    },
  ],
  twilio: [
    {
      origin: 'https://www.twilio.com/docs/usage/security#validating-requests',
      secret: '12345',
      url: 'https://mycompany.com/myapp.php?foo=1&bar=2',
      body: 'Digits=1234&CallSid=CA1234567890ABCDE&To=%2B18005551212&Caller=%2B12349013030&From=%2B12349013030',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': '0/KCTR6DLpKmkAf8muzZqo1nDgQ=',
      },
    },
  ],
  discord: [
    {
      origin: 'the key of RFC 8032, 7.1, TEST 1; discord-interactions 4.4.0 (verifyKey accepts it)',
      secret: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      body: '{"version":1,"application_id":"1234560123453231555","type":1,"event":{"type":"APPLICATION_AUTHORIZED","timestamp":"2024-10-18T14:42:53.064834"}}',
      headers: {
        'x-signature-timestamp': '1729262573',
        'x-signature-ed25519':
          'a5c83ad8bce1744c59136f7579c1c6352deec5416c26f57f7ab20208f24f53ff729eeaf54a2488a128b3fd40d4db21a9d95bb90c0f793f98ae02dd95daf1700a',
      },
      nowMs: 1_729_262_573_000,
    },
  ],
  square: [
    {
      origin: 'https://developer.squareup.com/docs/webhooks/step3validate',
      secret: 'asdf1234',
      url: 'https://example.com/webhook',
      body: '{"hello":"world"}',
      headers: { 'x-square-hmacsha256-signature': '2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og=' },
    },
    {
      origin: 'square 43.2.1 (WebhooksHelper.verifySignature accepts it)',
      secret: 'square-signature-key',
      url: 'https://shop.example/webhooks/square',
      body: '{"merchant_id":"M1","type":"payment.updated","event_id":"e-1","created_at":"2026-01-01T00:00:00Z"}',
      headers: { 'x-square-hmacsha256-signature': 'NkoizkOBnpbcyYwMVivreDVUGszUpsDF0lwIoKJT88o=' },
    },
  ],
  hubspot: [
    {
      origin: '@hubspot/api-client 13.5.0 (Signature.getSignature made it)',
      secret: 'hubspot-client-secret',
      url: 'https://shop.example/webhooks/hubspot?x=1',
      body: '[{"eventId":1,"subscriptionId":2,"portalId":3,"occurredAt":1767225600000,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":4}]',
      headers: {
        'x-hubspot-signature-v3': 'Ahgy9O/7tt+iMxiEOpNJ2XLFIbrvGAXVntaD5MJnV+g=',
        'x-hubspot-request-timestamp': '1767225600000',
      },
      nowMs: 1_767_225_600_000,
    },
  ],
  sendgrid: [
    {
      origin: 'sendgrid-go and sendgrid-python, helpers/eventwebhook tests',
      secret:
        'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==',
      body:
        '[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",' +
        '"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",' +
        '"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",' +
        '"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n',
      headers: {
        'x-twilio-email-event-webhook-signature':
          'MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=',
        'x-twilio-email-event-webhook-timestamp': '1600112502',
      },
      nowMs: 1_600_112_502_000,
    },
  ],
  zendesk: [
    {
      origin:
        'Zendesk’s own test secret (https://developer.zendesk.com/documentation/webhooks/verifying/); computed with Python’s hmac',
      secret: 'dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==',
      body: '{"event":"ticket.updated","id":123}',
      headers: {
        'x-zendesk-webhook-signature': 'S/RDdU2ERmj7LHDDoWJ2onPYH+t7/f2+LTM4dL7UiLM=',
        'x-zendesk-webhook-signature-timestamp': '2021-03-25T05:09:27Z',
      },
      nowMs: Date.parse('2021-03-25T05:09:27Z'),
    },
  ],
  shopify: [
    {
      origin: 'computed with Python’s hmac; @shopify/shopify-api 12.3.0 (webhooks.validate) accepts it',
      secret: 'shopify-client-secret',
      body: '{"id":1,"email":"a@b.example"}',
      headers: {
        'x-shopify-hmac-sha256': 'dcxYTr0/3doRE5V7gUlGUVTTjV+AdnpXZTClB+B6p8o=',
      },
    },
  ],
  intercom: [
    {
      origin: 'none is published; computed with Python’s hmac from the vendor’s page',
      secret: 'intercom-client-secret',
      body: '{"type":"order","text":"żółw"}',
      headers: {
        'x-hub-signature': 'sha1=39e439f82c8719a9d90ac959cf56da484c8e4281',
      },
    },
  ],
  vercel: [
    {
      origin: 'none is published; computed with Python’s hmac from the vendor’s page',
      secret: 'vercel-secret',
      body: '{"type":"order","text":"żółw"}',
      headers: {
        'x-vercel-signature': '437d0a535bfd9c0c5047bbdfb30ef7536f123cd6',
      },
    },
  ],
  sentry: [
    {
      origin: 'none is published; computed with Python’s hmac from the vendor’s page',
      secret: 'sentry-client-secret',
      body: '{"type":"order","text":"żółw"}',
      headers: {
        'sentry-hook-signature': '66fc548d075fefcfae9e50e36259b1b3efd936f86cfe8c683be5267a5378dea2',
      },
    },
  ],
  typeform: [
    {
      origin: 'none is published; computed with Python’s hmac from the vendor’s page',
      secret: 'typeform-secret',
      body: '{"type":"order","text":"żółw"}',
      headers: {
        'typeform-signature': 'sha256=6MeIfHE2YeqamClOJNj6d4vXKqbxKJmM9U7f/h3ocpA=',
      },
    },
  ],
  docusign: [
    {
      origin: 'none is published; computed with Python’s hmac from the vendor’s page',
      secret: 'docusign-connect-key',
      body: '{"type":"order","text":"żółw"}',
      headers: {
        'x-docusign-signature-1': 'buZlPctI/o1pt2cjCdpa9P7kZSrZxlRYz7/M7OdJx34=',
        'x-docusign-signature-2': '3WpOAv6VAZtxZxywYG2LgEf497uCH2nsuqcH0jGSz1U=',
      },
    },
  ],
  meta: [
    {
      origin: 'none is published; computed with Python’s hmac from the vendor’s page',
      secret: 'meta-app-secret',
      body: '{"type":"order","text":"żółw"}',
      headers: {
        'x-hub-signature-256': 'sha256=08ad8a6fe30a67daffbcba686455f705e896064bb4c9a37c4ef538083e7ac5f0',
      },
    },
  ],
  pagerduty: [
    {
      origin: 'none is published; computed with Python’s hmac from the vendor’s page',
      secret: 'pagerduty-secret',
      body: '{"type":"order","text":"żółw"}',
      headers: {
        'x-pagerduty-signature':
          'v1=0bf41857e3d99db0c40eb8d1d0aca0285f57224079e14cd4a293287ab65844ae,v1=88271b6485e8f1c5259afcb9566828857d9584dd1fc3d8c0cece99dac784046d',
      },
    },
  ],
  linear: [
    {
      origin: 'none is published; computed with Python’s hmac from the vendor’s page',
      secret: 'lin_wh_secret',
      body: '{"type":"Issue","text":"żółw","webhookTimestamp":1767225600000}',
      headers: {
        'linear-signature': 'fb19cb31f4149299a8acb500224867f024468e8ce5ca350472ee7dac0b335a62',
      },
      nowMs: 1_767_225_600_000,
    },
  ],
  calendly: [
    {
      origin: 'none is published; computed with Python’s hmac from the vendor’s page',
      secret: 'calendly-signing-key',
      body: '{"type":"order","text":"żółw"}',
      headers: {
        'calendly-webhook-signature':
          't=1767225600,v1=c45f9a88a30139f18f5a46fda2ec4e37119d4aa4300727c21091068d1be65ea0',
      },
      nowMs: 1_767_225_600_000,
    },
  ],
  paddle: [
    {
      origin: 'none is published; computed with Python’s hmac from the vendor’s page',
      secret: 'pdl_ntfset_secret',
      body: '{"type":"order","text":"żółw"}',
      headers: {
        'paddle-signature': 'ts=1767225600;h1=dd2e26752f0e4a24be09fdfb130168ca2e5161dfd96a5c67f89554bd20aea239',
      },
      nowMs: 1_767_225_600_000,
    },
  ],
  zoom: [
    {
      origin: 'none is published; computed with Python’s hmac from the vendor’s page',
      secret: 'zoom-secret-token',
      body: '{"type":"order","text":"żółw"}',
      headers: {
        'x-zm-signature': 'v0=17716be2fc9aa614f60c8c361f107015cbebcf9d4b14fb75e1c67ef3b12f7c50',
        'x-zm-request-timestamp': '1767225600',
      },
      nowMs: 1_767_225_600_000,
    },
  ],
  mailgun: [
    {
      origin: 'none is published; computed with Python’s hmac from the vendor’s page',
      secret: 'mailgun-signing-key',
      body: '{"signature":{"timestamp":"1767225600","token":"a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0","signature":"236a4909dd709d557fca42cb6061f5706c63477403f28272ed3b66f2a811533e"},"event-data":{"id":"1","event":"delivered"}}',
      headers: {},
      nowMs: 1_767_225_600_000,
    },
  ],
};
