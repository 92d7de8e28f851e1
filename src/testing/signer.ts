// The seam of the signers: a message in, its headers out.

/** What is to be sent, before it is signed. */
export interface Unsigned {
  readonly body: Buffer;
  /** What the sender signs with; a private key where the source holds the public one. */
  readonly signWith: string;
  readonly nowMs: number;
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Gives what signing adds: headers, and another body or URL where the signature stands there. */
export type Signer = (message: Unsigned) => {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly url?: string;
};
