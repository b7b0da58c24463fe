/** Sends the gateway's own metrics by OTLP into itself, through the front door like anyone's. */
import { Agent, request } from 'node:http';
import type { Clock, Timer } from '../../core/clock.ts';
import type { Address } from '../receive/listen.ts';
import { encodeMetrics, type OtlpOrigin } from './otlp.ts';

export type SelfTelemetryOptions = {
  readonly target: Address;
  /** Shown to a target that lets nobody else in. */
  readonly secret: string | undefined;
  readonly intervalMs: number;
  readonly read: () => Float64Array;
  readonly origin: OtlpOrigin;
  readonly clock: Clock;
};

const timeoutMs = 5_000;

/** Starts at once; `cancel` stops it. A report that is not taken is replaced by the next one. */
export function startSelfTelemetry(options: SelfTelemetryOptions): Timer {
  const { clock, intervalMs, origin, read, target, secret } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let isUnderWay = false;
  const report = (): void => {
    // A gateway that is too busy to take its own report is not given a queue of them.
    if (isUnderWay) return;
    isUnderWay = true;
    const body = encodeMetrics(read(), clock.nowMs(), origin);
    void post(agent, target, body, secret).finally(() => {
      isUnderWay = false;
    });
  };
  const timer = clock.every(intervalMs, report);
  return {
    cancel: () => {
      timer.cancel();
      agent.destroy();
    },
  };
}

function post(
  agent: Agent,
  target: Address,
  body: Uint8Array,
  secret: string | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    const sent = request({
      agent,
      host: loopbackFor(target.host),
      port: target.port,
      method: 'POST',
      path: '/v1/metrics',
      headers: {
        'Content-Type': 'application/x-protobuf',
        'Content-Length': body.byteLength,
        ...(secret !== undefined && { Authorization: `Bearer ${secret}` }),
      },
      timeout: timeoutMs,
    });
    sent.on('response', (response) => {
      response.resume();
      response.on('close', resolve);
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve());
    sent.on('close', resolve);
    sent.end(body);
  });
}

/** A wildcard address is not one to connect to. */
function loopbackFor(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
