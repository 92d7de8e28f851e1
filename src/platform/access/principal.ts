// Who asks. Kept on the request under a symbol, so that no field a framework or a host sets can be taken for it.

/** For whom a request acts. */
export interface Principal {
  /** Every query of the request is limited to this tenant. */
  readonly tenantId: string;
  /** Whether the caller may manage tenants. */
  readonly admin: boolean;
}

const PRINCIPAL = Symbol('posthorn.principal');

interface Bearer {
  [PRINCIPAL]?: Principal;
}

export function setPrincipal(request: object, principal: Principal): void {
  (request as Bearer)[PRINCIPAL] = principal;
}

/** The principal that `ApiGuard` found, or `undefined` on a request that it did not guard. */
export const principalOf = (request: object): Principal | undefined => (request as Bearer)[PRINCIPAL];
