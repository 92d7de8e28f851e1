// Lets a request in once it is known for whom it acts, and that it may do what its route does. Headers that two programs could
// read differently are refused before any authenticator sees them.
import { HttpException, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { fingerprintOf } from '../../kernel/api-key.js';
import { PosthornError } from '../../kernel/errors.js';
import { Authenticator, bearerOf } from './authenticator.js';
import { FailedAttempts } from './failed-attempts.js';
import { setAccess, setPrincipal } from './principal.js';
import type { Principal } from './principal.js';
import { RequestLimits } from './request-limits.js';
import { judgeRequirement, REQUIREMENT } from './requirement.js';
import type { Requirement } from './scopes.js';

/** Longer than any key we hand out; a header beyond it is not worth hashing. */
const MAX_AUTHORIZATION_LENGTH = 4_096;

const AUTHORIZATION = 'authorization';

interface IncomingRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawHeaders?: readonly string[];
  /** The client's address, as the framework says it: a trusted proxy's word where there is one. */
  readonly ip?: string;
  /** Node's own request, where the framework wraps it (Fastify). */
  readonly raw?: { readonly rawHeaders: readonly string[] };
}

@Injectable()
export class ApiGuard implements CanActivate {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly attempts: FailedAttempts,
    private readonly limits: RequestLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<IncomingRequest>();
    const authorization = authorizationOf(request);
    const tenant = request.headers['x-tenant'];
    const authenticate = (): Promise<Principal> =>
      this.authenticator.authenticate({
        authorization,
        // Given twice, it is joined by a comma, which no tenant's name contains.
        tenant: Array.isArray(tenant) ? tenant.join() : tenant,
        request,
      });
    const principal = await this.unlessTooOften(request, authorization, authenticate);
    const requirement = requirementOf(context);
    setPrincipal(request, principal);
    await this.limits.count(principal);
    judgeRequirement(principal, requirement);
    setAccess(request, async () => {
      const now = await authenticate();
      judgeRequirement(now, requirement);
      return now;
    });
    return true;
  }

  /** A request without a credential guesses nothing, and is not counted. @throws TooManyAttemptsError */
  private async unlessTooOften(
    request: IncomingRequest,
    authorization: string | undefined,
    authenticate: () => Promise<Principal>,
  ): Promise<Principal> {
    if (authorization === undefined) return authenticate();
    // What a team's own authenticator takes need not be a token.
    const fingerprint = bearerOf(request, authorization)?.fingerprint ?? fingerprintOf(authorization);
    const digest = fingerprint.toString('base64');
    if (this.attempts.any) this.attempts.check(request.ip ?? '', digest);
    try {
      const principal = await authenticate();
      this.attempts.succeeded(digest);
      return principal;
    } catch (error) {
      if (isRefusal(error)) this.attempts.failed(request.ip ?? '', digest);
      throw error;
    }
  }
}

/** A credential was wrong, as against a database that is away, or a tenant that there is not. */
const isRefusal = (error: unknown): boolean =>
  error instanceof PosthornError
    ? error.kind === 'unauthenticated'
    : error instanceof HttpException && error.getStatus() === 401;

/** What the route asks for, or its controller where the route says nothing. */
const requirementOf = (context: ExecutionContext): Requirement | undefined =>
  (Reflect.getMetadata(REQUIREMENT, context.getHandler()) ?? Reflect.getMetadata(REQUIREMENT, context.getClass())) as
    Requirement | undefined;

/** The header's one value. Node drops a second one in silence, so the raw list is what counts. */
function authorizationOf(request: IncomingRequest): string | undefined {
  const raw = request.rawHeaders ?? request.raw?.rawHeaders ?? [];
  let count = 0;
  for (let index = 0; index < raw.length; index += 2)
    if (raw[index]?.length === AUTHORIZATION.length && raw[index]?.toLowerCase() === AUTHORIZATION) count += 1;
  const value = request.headers.authorization;
  if (count > 1 || Array.isArray(value) || (value?.length ?? 0) > MAX_AUTHORIZATION_LENGTH)
    throw new PosthornError('unauthenticated', 'unauthenticated', 'The Authorization header is not acceptable.');
  return value;
}
