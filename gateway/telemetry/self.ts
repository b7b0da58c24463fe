/** Sends the gateway's own metrics by OTLP into itself, through the front door like anyone's. */
import { Agent } from 'node:http';
import type { Clock, Timer } from '../../core/clock.ts';
import { type OwnTarget, postOwn } from '../own-post.ts';
import { encodeMetrics, type OtlpOrigin } from './otlp.ts';

export type SelfTelemetryOptions = {
  readonly target: OwnTarget;
  readonly intervalMs: number;
  readonly read: () => Float64Array;
  readonly origin: OtlpOrigin;
  readonly clock: Clock;
};

/** Starts at once; `cancel` stops it. A report that is not taken is replaced by the next one. */
export function startSelfTelemetry(options: SelfTelemetryOptions): Timer {
  const { clock, intervalMs, origin, read, target } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let isUnderWay = false;
  const report = (): void => {
    // A gateway that is too busy to take its own report is not given a queue of them.
    if (isUnderWay) return;
    isUnderWay = true;
    const body = encodeMetrics(read(), clock.nowMs(), origin);
    void postOwn(agent, target, '/v1/metrics', body).finally(() => {
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
