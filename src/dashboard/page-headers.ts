// The headers under which the page is served. It loads nothing from elsewhere, holds no inline script, and nobody puts it
// into a frame but whom a setting names.

/** @param frameAncestors - The setting: origins, `self`, or nobody. */
export function pageHeaders(frameAncestors: readonly string[]): Record<string, string> {
  const framedBy = frameAncestors.length === 0 ? "'none'" : frameAncestors.map(sourceOf).join(' ');
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${framedBy}`,
  ];
  return {
    'Content-Security-Policy': policy.join('; '),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
}

const sourceOf = (origin: string): string => (origin === 'self' ? "'self'" : origin);
