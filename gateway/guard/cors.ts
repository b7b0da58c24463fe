/** Browsers as senders: which pages may send, and what a browser is told (Fetch, "CORS"). */

export type Cors = {
  /** Whether pages of this origin may send. */
  readonly admits: (origin: string) => boolean;
};

/** How long a browser remembers what a preflight said; two hours is the most that Chromium does. */
const preflightSeconds = 7200;
const allowedHeaders =
  'authorization, content-encoding, content-type, traceparent, tracestate, baggage';

/** Undefined without origins: then no answer has any of these headers. */
export function corsOf(patterns: readonly string[]): Cors | undefined {
  if (patterns.length === 0) return undefined;
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const wild = patterns.flatMap((pattern) => wildcard(pattern) ?? []);
  const all = patterns.includes('*');
  return {
    admits: (origin) =>
      all ||
      exact.has(origin) ||
      wild.some(
        ({ scheme, suffix }) =>
          origin.startsWith(scheme) &&
          origin.endsWith(suffix) &&
          origin.length > scheme.length + suffix.length &&
          // One that ends in the suffix behind a port or a path is another host.
          /^[a-z0-9.-]+$/.test(origin.slice(scheme.length, -suffix.length)),
      ),
  };
}

function wildcard(
  pattern: string,
): { readonly scheme: string; readonly suffix: string } | undefined {
  const star = pattern.indexOf('*.');
  if (star < 0) return undefined;
  return { scheme: pattern.slice(0, star), suffix: pattern.slice(star + 1) };
}

/** What every answer to an allowed origin carries: without it the page cannot read the answer. */
export function answerHeaders(origin: string): Readonly<Record<string, string>> {
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'retry-after',
    vary: 'origin',
  };
}

export function preflightHeaders(origin: string): Readonly<Record<string, string>> {
  return {
    ...answerHeaders(origin),
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': allowedHeaders,
    'access-control-max-age': String(preflightSeconds),
  };
}
