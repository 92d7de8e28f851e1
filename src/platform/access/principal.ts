// Who asks. Kept on the request under a symbol, so that no field a framework or a host sets can be taken for it.
import { SCOPES } from './scopes.js';
import type { Scope } from './scopes.js';

/** How the dashboard looks to somebody who came by a portal link. */
export interface PortalView {
  /** The parts that it shows, of `PORTAL_SECTIONS`. What may be done there is a matter of scopes. */
  readonly sections: readonly string[];
  /** How it is coloured. @defaultValue as without a link */
  readonly theme?: {
    /** `#rrggbb`: links and buttons. */
    readonly accent?: string;
    /** @defaultValue as the browser prefers */
    readonly mode?: 'light' | 'dark';
  };
}

/** For whom a request acts, and what it may do. */
export interface Principal {
  /** Every query of the request is limited to this tenant. */
  readonly tenantId: string;
  /** What the caller may do within the tenant. */
  readonly scopes: readonly Scope[];
  /** Who it is, for people who read what was changed by whom: `user:42`, at most 200 characters. */
  readonly subject: string;
  /** Whether the caller runs the installation: it may manage tenants, and everything else. @defaultValue false */
  readonly installation?: boolean;
  /** When what let it in ends; the keys that it makes end no later. @defaultValue never */
  readonly expiresAt?: Date;
  /** What the dashboard shows it, where that is not everything it may. @defaultValue everything */
  readonly portal?: PortalView;
}

const MAX_SUBJECT_LENGTH = 200;

/** Whether something that code answered is a principal: of a tenant with a name, known scopes, and somebody. */
export function isPrincipal(answer: unknown): answer is Principal {
  const { tenantId, scopes, subject, expiresAt } = (answer ?? {}) as Partial<Record<keyof Principal, unknown>>;
  return (
    typeof tenantId === 'string' &&
    tenantId !== '' &&
    Array.isArray(scopes) &&
    scopes.every((scope) => (SCOPES as readonly unknown[]).includes(scope)) &&
    typeof subject === 'string' &&
    subject.length > 0 &&
    subject.length <= MAX_SUBJECT_LENGTH &&
    (expiresAt === undefined || expiresAt instanceof Date) &&
    !UNSTORABLE.test(subject)
  );
}

/** NUL and unpaired surrogates: PostgreSQL takes neither. */
const UNSTORABLE = /[\0\p{Cs}]/u;

const PRINCIPAL = Symbol('posthorn.principal');

const ACCESS = Symbol('posthorn.access');

interface Bearer {
  [PRINCIPAL]?: Principal;
  [ACCESS]?: () => Promise<Principal>;
}

export function setPrincipal(request: object, principal: Principal): void {
  (request as Bearer)[PRINCIPAL] = principal;
}

/** The principal that `ApiGuard` found, or `undefined` on a request that it did not guard. */
export const principalOf = (request: object): Principal | undefined => (request as Bearer)[PRINCIPAL];

/** Notes how to ask again whether the caller may do what it does. */
export function setAccess(request: object, access: () => Promise<Principal>): void {
  (request as Bearer)[ACCESS] = access;
}

/** Tells who the caller is by now; rejects once it may not do any more what the request does. `undefined` where `ApiGuard` did not guard. */
export const accessOf = (request: object): (() => Promise<Principal>) | undefined => (request as Bearer)[ACCESS];
