// Why something is as it is, as a sentence that says what to do about it.
import type { Attempt, Delivery, Explanation } from '../../api/types';

const OF_CODE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens at this address. Is the receiver running?',
  ECONNRESET: 'The receiver closed the connection without an answer.',
  UND_ERR_SOCKET: 'The receiver closed the connection without an answer.',
  EHOSTUNREACH: 'No way leads to this address.',
  ENETUNREACH: 'No way leads to this address.',
};

const OF_STATUS: Readonly<Record<number, string>> = {
  400: 'The receiver did not understand the request. Its answer below may say why.',
  401: 'The receiver refused it as not genuine. Does it verify with the current secret, over the raw body?',
  403: 'The receiver refused it. It may want a header or a login that the webhook does not send.',
  404: 'The receiver has nothing at this address. Check the URL of the webhook.',
  405: 'The receiver takes no POST at this address. Check the URL of the webhook.',
  410: 'The receiver said that this address is gone for good.',
  413: 'The payload is larger than the receiver takes.',
  429: 'The receiver asks for fewer requests. A rate limit on the webhook keeps to it.',
};

/** What an attempt came to. */
export function explainAttempt({ outcome, httpStatus, error }: Attempt): string {
  switch (outcome) {
    case 'success':
      return `The receiver took it (${httpStatus ?? '2xx'}).`;
    case 'redirect':
      return `The receiver answered with a redirect (${httpStatus ?? '3xx'}), which is never followed. Give the webhook the address it leads to.`;
    case 'client_error':
      return OF_STATUS[httpStatus ?? 0] ?? `The receiver refused the request (${httpStatus ?? '4xx'}).`;
    case 'server_error':
      return `The receiver failed while it worked on it (${httpStatus ?? '5xx'}). Its own log will say more.`;
    case 'timeout':
      return 'The receiver did not answer in time. It should answer first, and work afterwards.';
    case 'dns_error':
      return 'The name of the receiver leads nowhere. Check the URL of the webhook.';
    case 'connection_error':
      return OF_CODE[error ?? ''] ?? `The connection could not be made (${error ?? 'no reason was given'}).`;
    case 'tls_error':
      return `The receiver’s certificate was not accepted (${error ?? 'no reason was given'}).`;
    case 'protocol_error':
      return 'What answered does not speak HTTP as it should.';
    case 'egress_denied':
      return 'This address is one that deliveries may not go to, such as one of a private network.';
    case 'transformation_error':
      return `The transformation of the webhook failed: ${error ?? 'no reason was given'}`;
    case 'unknown_outcome':
      return 'The sending process ended before it had the answer. The receiver may have got it.';
    default:
      return `It ended with ${outcome}.`;
  }
}

const OF_REASON: Readonly<Record<string, string>> = {
  attempts_exhausted: 'Every attempt of the retry schedule was used up.',
  status_not_retried: 'The answer is one that is not tried again.',
  egress_denied: 'The address is one that deliveries may not go to.',
  at_most_once: 'The webhook takes each event at most once, and this one may have reached it.',
  too_late: 'It was not worth sending any more: it would have come too late.',
  expired: 'It was not worth sending any more: it would have come too late.',
  payload_erased: 'Its payload was erased before it was sent.',
  webhook_disabled: 'The webhook was disabled. Enable it, then retry or replay.',
  webhook_deleted: 'The webhook was deleted.',
  unknown_outcome: 'Several attempts in a row ended without anybody knowing how.',
};

/** Where a delivery stands, and why. */
export function explainDelivery({ status, reason }: Delivery): string {
  switch (status) {
    case 'pending':
      return 'It waits for its turn.';
    case 'sending':
      return 'It is being sent right now.';
    case 'retrying':
      return 'It failed so far, and is tried again.';
    case 'success':
      return 'It arrived.';
    case 'client_error':
    case 'failed':
    case 'skipped':
    case 'expired':
      return OF_REASON[reason ?? ''] ?? (reason ? `It ended: ${reason}.` : 'It ended without success.');
  }
}

/** Why a webhook got an event, or why not. */
export function explainVerdict({ verdict, failedClause }: Explanation): string {
  switch (verdict) {
    case 'matched':
      return 'It subscribes to this type.';
    case 'disabled':
      return 'It was disabled, so the delivery was skipped.';
    case 'filtered_out':
      return failedClause && failedClause.clause !== ''
        ? `Its filter did not let it through: ${failedClause.clause} is to be ${JSON.stringify(failedClause.expected)}.`
        : 'Its filter did not let it through.';
    case 'not_subscribed':
      return 'It does not subscribe to this type.';
    case 'registered_later':
      return 'It was registered after the event.';
    case 'payload_erased':
      return 'Its filter cannot be asked, because the payload was erased.';
    case 'matches_now':
      return 'It would get such an event now; then, it subscribed to something else, or the event was for others.';
  }
}
