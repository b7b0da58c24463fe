/** Opens the listeners of a worker, all in front of its one lane. */
import type { Clock } from '../core/clock.ts';
import type { GatewayConfig } from './config.ts';
import { corsOf } from './guard/cors.ts';
import { type Guard, ownGuard } from './guard/guard.ts';
import { busyAnswer } from './lane/busy.ts';
import type { Lane } from './lane/lane.ts';
import { retentionDaysOf } from './lane/lane-types.ts';
import type { Admission } from './receive/admission.ts';
import { Aside } from './receive/aside.ts';
import { startGrpc } from './receive/grpc.ts';
import { startHttp } from './receive/http.ts';
import type { AskOpamp } from './receive/opamp-http.ts';
import type { Receiver } from './receive/receiver.ts';
import type { LaneCounters } from './telemetry/lane-counters.ts';
import type { WorkerStart } from './worker-messages.ts';

export async function startReceivers(
  config: GatewayConfig,
  start: Pick<WorkerStart, 'listen' | 'guard'>,
  parts: {
    readonly lane: Lane;
    readonly admission: Admission;
    readonly counters: LaneCounters;
    readonly clock: Clock;
    readonly guard: Guard | undefined;
    readonly askOpamp: AskOpamp;
  },
): Promise<readonly Receiver[]> {
  const { lane, admission, counters, clock, guard } = parts;
  if (start.listen === undefined || guard === undefined) return [];
  const tls = start.guard?.material.tls;
  const { influxStrings, retentionDays } = config;
  const influx = { strings: influxStrings, logsDays: retentionDaysOf(retentionDays).logs };
  const common = {
    acceptor: lane,
    admission,
    clock,
    counters: counters.receivers(),
    limits: { bodyBytesMax: config.bodyBytesMax },
    reusePort: start.listen.reusePort,
    aside: new Aside(clock),
    http: {
      influx,
      remoteWriteLabels: config.remoteWriteLabels,
      askOpamp: config.opamp ? parts.askOpamp : undefined,
    },
    gate: () => {
      const reason = lane.refusal();
      return reason === undefined ? undefined : busyAnswer(reason);
    },
  };
  const guarded = { ...common, guard, tls };
  const cors = corsOf(config.corsOrigins);
  const framing = config.grpcFraming;
  const grpc = await startGrpc({ ...guarded, ...start.listen.grpc, framing });
  const http = await startHttp({ ...guarded, cors, ...start.listen.http });
  const secret = start.guard?.ownSecret;
  if (secret === undefined) return [grpc, http];
  const own = { ...common, guard: ownGuard(secret), reusePort: false };
  return [grpc, http, await startHttp({ ...own, host: '127.0.0.1', port: 0 })];
}
