/** What can be told of alerts, and one request to it. */
import { Problem } from '../../../core/problem.ts';
import type { Labels } from '../../../dashboards/alerts/routing/routes.ts';
import type { AlertMessage } from '../message.ts';

/** Alerts of one group, in the order in which they happened. */
export type Notification = {
  /** Values of the labels that the route groups by. */
  readonly group: Labels;
  readonly alerts: readonly AlertMessage[];
};

/** A channel that can be sent to. */
export type OpenChannel = {
  /** As the stack file calls it. */
  readonly name: string;
  /** Each alert is told by itself, so that one that is refused holds up no other. */
  readonly oneByOne?: true;
  /**
   * Resolves when the other side has taken it; with a problem, when it took it for some and will
   * never for others. OBS-6021: later, perhaps; OBS-6022: not this, unless somebody corrects
   * something; OBS-6025: some have it, and others later.
   */
  readonly send: (notification: Notification, signal: AbortSignal) => Promise<Problem | undefined>;
};

export type Post = {
  readonly channel: string;
  /** A secret, or the address of an API that is none. */
  readonly url: string;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** The secret, taken out of the other side's words; absent: these are not shown at all. */
  readonly hidden?: string;
};

const usualTimeoutMs = 10_000;
const wordsMax = 200;

/** Posts JSON. A message names the channel and the host, never the rest of the address. */
export async function postJson(
  post: Post,
  signal: AbortSignal,
  timeoutMs: number = usualTimeoutMs,
): Promise<undefined> {
  const { url, body, headers = {} } = post;
  const where = `${post.channel} (${new URL(url).host})`;
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    // A redirected POST would arrive as a GET without a body.
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  }).catch((cause: unknown) => {
    throw new Problem('OBS-6021', 'it does not answer', { where, reach: 'outside', cause });
  });
  if (answer.ok) {
    await answer.body?.cancel();
    return undefined;
  }
  const said = await wordsOf(answer, post.hidden);
  const later = answer.status >= 500 || answer.status === 429 || answer.status === 408;
  throw new Problem(later ? 'OBS-6021' : 'OBS-6022', `it answered ${answer.status}${said}`, {
    where,
    reach: 'outside',
  });
}

/** The beginning of an answer, on one line; nothing where it breaks off. */
async function wordsOf(answer: Response, hidden: string | undefined): Promise<string> {
  if (hidden === undefined) {
    await answer.body?.cancel();
    return '';
  }
  const text = (await answer.text().catch(() => '')).replaceAll(hidden, '…');
  const line = text.replaceAll(/\s+/g, ' ').trim().slice(0, wordsMax);
  return line === '' ? '' : `: ${line}`;
}

/** `text`, or its beginning when an API takes no more than `lengthMax` characters. */
export function cut(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`;
}
