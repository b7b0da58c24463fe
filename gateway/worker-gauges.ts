/** What a worker tells of itself twice a second: its lanes' positions, memory, its event loop. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../core/clock.ts';
import type { GatewayConfig } from './config.ts';
import type { Lane } from './lane/lane.ts';
import type { Admission } from './receive/admission.ts';
import type { Receiver } from './receive/receiver.ts';
import type { LaneCounters } from './telemetry/lane-counters.ts';

const gaugePeriodMs = 500;
/** Between two looks at how late the event loop is. */
const loopSampleMs = 20;
const seconds = 1e-9;
/** The log demands room for four of the largest records. */
const walRecordsMin = 4;

type Gauged = {
  readonly lanes: readonly Lane[];
  readonly admission: Admission;
  readonly receivers: readonly Receiver[];
  readonly counters: LaneCounters;
  readonly clock: Clock;
  readonly config: GatewayConfig;
  readonly index: number;
};

export function startGauges(parts: Gauged): { readonly cancel: () => void } {
  const delay = monitorEventLoopDelay({ resolution: loopSampleMs });
  delay.enable();
  const update = (): void => {
    writeGauges(parts);
    // What is measured is the time between two samples, so a loop that is never late shows theirs.
    const late = delay.percentile(99) * seconds - loopSampleMs / 1000;
    parts.counters.eventLoopDelay(parts.index, Math.max(0, late));
    delay.reset();
  };
  update();
  return parts.clock.every(gaugePeriodMs, update);
}

function writeGauges({ lanes, admission, receivers, counters, clock, config }: Gauged): void {
  const states = lanes.map((lane) => lane.state());
  const sum = (pick: (state: (typeof states)[number]) => number): number =>
    states.reduce((total, state) => total + pick(state), 0);
  counters.position(
    'written',
    sum((state) => state.written),
  );
  counters.position(
    'durable',
    sum((state) => state.durable),
  );
  counters.position(
    'sealed',
    sum((state) => state.sealed),
  );
  counters.position(
    'acknowledged',
    sum((state) => state.acknowledged),
  );
  counters.gauge(
    'obsctl.gateway.wal.size',
    sum((state) => state.walBytes),
  );
  counters.gauge('obsctl.gateway.wal.limit', walBytesPerLane(config) * lanes.length);
  counters.gauge(
    'obsctl.gateway.open.rows',
    sum((state) => state.openRows),
  );
  counters.gauge(
    'obsctl.gateway.sealed.backlog',
    sum((state) => state.backlogSeals),
  );
  counters.gauge(
    'obsctl.gateway.parked.seals',
    sum((state) => state.parkedSeals),
  );
  const received = states.flatMap((state) => state.oldestReceivedMs ?? []);
  const oldestMs = received.length === 0 ? clock.nowMs() : Math.min(...received);
  counters.gauge('obsctl.gateway.lag', Math.max(0, clock.nowMs() - oldestMs) / 1000);
  counters.gauge('obsctl.gateway.in_flight.size', admission.inFlightBytes);
  const isUp = states.every((state) => state.isClickHouseUp);
  counters.gauge('obsctl.gateway.clickhouse.up', isUp ? 1 : 0);
  const [grpc, http] = receivers;
  counters.connections('grpc', grpc?.connectionCount() ?? 0);
  counters.connections('http', http?.connectionCount() ?? 0);
  const refusals = states.map((state) => state.refusal);
  counters.unready('disk_error', refusals.includes('disk_error'));
  counters.unready('disk_budget', refusals.includes('disk_budget'));
}

export function walBytesPerLane(config: GatewayConfig): number {
  const least = (config.bodyBytesMax + 4096) * walRecordsMin;
  return Math.max(Math.floor(config.walBytesMax / config.workers), least);
}
