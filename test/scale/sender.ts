/** A sender that repeats what was not answered OK, as the Collector's exporter does. */
import { setTimeout as sleep } from 'node:timers/promises';

export const spansEach = 20;

export type Sent = {
  readonly traceId: string;
  /** Attempts that broke off without an answer: each may have been taken, or not. */
  readonly unanswered: number;
};

const pauseMs = 50;
const millisecond = 1_000_000n;

/** Sends one request after the other until `stop`; every one that was begun is answered OK. */
export async function sendUntil(
  url: string,
  sender: number,
  stop: AbortSignal,
): Promise<readonly Sent[]> {
  const all: Sent[] = [];
  while (!stop.aborted) {
    const traceId = (BigInt(sender + 1) * 2n ** 64n + BigInt(all.length)).toString(16);
    all.push(await sendTrace(url, traceId.padStart(32, '0')));
  }
  return all;
}

async function sendTrace(url: string, traceId: string): Promise<Sent> {
  const body = JSON.stringify(requestOf(traceId));
  let unanswered = 0;
  for (;;) {
    try {
      const answer = await fetch(`${url}/v1/traces`, {
        method: 'POST',
        // A connection each: so all servers get some, and one that is away is left at once.
        headers: { 'Content-Type': 'application/json', Connection: 'close' },
        body,
      });
      const text = await answer.text();
      if (answer.ok) return { traceId, unanswered };
      if (![429, 502, 503, 504].includes(answer.status)) throw new TypeError(text);
    } catch (error) {
      // `fetch failed` is all that a TypeError of a connection says.
      if (error instanceof TypeError && error.message !== 'fetch failed') throw error;
      unanswered += 1;
    }
    await sleep(pauseMs);
  }
}

function requestOf(traceId: string): object {
  const startNs = BigInt(Date.now()) * millisecond;
  const spans = Array.from({ length: spansEach }, (_, index) => ({
    traceId,
    spanId: (index + 1).toString(16).padStart(16, '0'),
    name: 'step',
    kind: 1,
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(startNs + millisecond),
  }));
  const attributes = [{ key: 'service.name', value: { stringValue: 'shop' } }];
  return { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] };
}
