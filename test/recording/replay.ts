/** Plays a recording into a gateway, as if it had just happened, or days ago. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeRecording, type Recording } from './file.ts';
import { shifted } from './shift.ts';

/** `shop`: half an hour behind a real node-agent; `cluster`: what a real cluster-agent sent. */
export function recordingOf(name: 'shop' | 'cluster'): Recording {
  return decodeRecording(readFileSync(join(import.meta.dirname, `${name}.rec`)));
}

export type Replayed = {
  /** Unix milliseconds; half open. */
  readonly fromMs: number;
  readonly toMs: number;
};

/**
 * Sends all requests to `http`, a gateway's OTLP/HTTP address, so that the last one was received at
 * `endMs`. Throws when the gateway refuses one.
 */
export async function replay(
  http: string,
  { startMs, requests }: Recording,
  endMs: number,
): Promise<Replayed> {
  const fromMs = endMs - (requests.at(-1)?.afterMs ?? 0);
  const byNs = BigInt(fromMs - startMs) * 1_000_000n;
  for (const { signal, body } of requests) {
    const answer = await fetch(`${http}/v1/${signal}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-protobuf' },
      body: new Uint8Array(shifted(signal, body, byNs)),
    });
    if (!answer.ok) throw new Error(`${signal}: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  }
  return { fromMs, toMs: endMs };
}
