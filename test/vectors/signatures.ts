// Known answers: signatures that others computed and published. A verifier that passes its own signer's output may share
// a mistake with it; these cannot.

/** One published signature, and where it stands. */
export interface SignatureVector {
  readonly origin: string;
  readonly secret: string;
  readonly body: string;
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
