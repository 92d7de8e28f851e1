// Who makes a change, and from where: what a route hands to the service that makes it.

/** The author of a change. Code that changes something without a request has none, and leaves no entry. */
export interface Author {
  readonly tenantId: string;
  /** As the authenticator named it: `admin`, `key:<id>`, `user:42`. */
  readonly actor: string;
  readonly requestId: string;
  readonly address?: string;
}
