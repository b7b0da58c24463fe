/** A client that does nothing wrong: spans at a steady rate over both transports, timed. */
import { traceBody } from '../../gateway/decode/testdata/load.ts';
import { connectSender } from '../bad-input/senders.ts';

export type Health = {
  readonly sent: number;
  /** Answers other than success. */
  readonly refused: readonly string[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
};

const spansARequest = 20;
const requestsPerSecond = 50;

/** Sends for as long as `work` takes; what does not answer within the sender's time is refused. */
export async function whileHealthy<Result>(
  urls: { readonly http: string; readonly grpc: string },
  work: () => Promise<Result>,
): Promise<{ readonly health: Health; readonly result: Result }> {
  const sender = connectSender(urls.http, urls.grpc);
  const times: number[] = [];
  const refused: string[] = [];
  const underWay = new Set<Promise<void>>();
  let seed = Math.floor(performance.now() * 1000);
  let isOver = false;
  const send = async (): Promise<void> => {
    seed += 1;
    const body = traceBody(spansARequest, seed, BigInt(Date.now()) * 1_000_000n);
    const startMs = performance.now();
    const reply =
      seed % 2 === 0 ? await sender.http('traces', body) : await sender.grpc('traces', body);
    times.push(performance.now() - startMs);
    if (reply.status !== '200' && reply.status !== 'OK') refused.push(reply.status);
  };
  const sending = (async () => {
    const startMs = performance.now();
    for (let count = 0; !isOver; count += 1) {
      const waitMs = startMs + (count * 1000) / requestsPerSecond - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      const one = send().catch((error: unknown) => {
        refused.push(Error.isError(error) ? error.message : String(error));
      });
      underWay.add(one);
      void one.then(() => underWay.delete(one));
    }
  })();
  const result = await work();
  isOver = true;
  await sending;
  await Promise.all(underWay);
  sender.close();
  times.sort((left, right) => left - right);
  const at = (share: number): number =>
    Math.round((times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0) * 10) /
    10;
  const health = {
    sent: times.length,
    refused,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    slowestMs: at(1),
  };
  return { health, result };
}
