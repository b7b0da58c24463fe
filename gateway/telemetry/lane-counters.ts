/** The counters of one lane by name, so that the lane itself knows nothing of slots. */
import type { Answer, BusyReason, Signal, Transport } from '../answer.ts';
import type { ReceiveCounters, RefusalReason } from '../receive/counters.ts';
import {
  catalog,
  type insertOutcomes,
  type MetricName,
  outcomes,
  type redactionActions,
  sampledSignals,
  type seriesRefusals,
  signals,
  stages,
  transports,
  unreadyCauses,
} from './catalog.ts';
import { Counters, slotOf } from './counters.ts';

type InsertOutcome = (typeof insertOutcomes)[number];
export type UnreadyCause = (typeof unreadyCauses)[number];

const durationBounds = boundsOf('obsctl.gateway.request.duration');
const insertBounds = boundsOf('obsctl.gateway.insert.duration');

const received = slotsBySignal('obsctl.gateway.received.items');
const resent = slotsBySignal('obsctl.gateway.resent.requests');
const durable = slotsBySignal('obsctl.gateway.durable.items');
const answered = slotsBySignal('obsctl.gateway.answered.items');
const refused = slotsBySignal('obsctl.gateway.refused.items');
const rejected = slotsBySignal('obsctl.gateway.rejected.items');
const requestSlots = bySignalAndTransport((signal, transport) =>
  Object.fromEntries(
    outcomes.map((outcome) => [
      outcome,
      slotOf('obsctl.gateway.requests', signal, transport, outcome),
    ]),
  ),
);
const sizeSlots = bySignalAndTransport((signal, transport) =>
  slotOf('obsctl.gateway.request.size', signal, transport),
);
const inflatedSlots = bySignalAndTransport((signal, transport) =>
  slotOf('obsctl.gateway.request.inflated.size', signal, transport),
);
const durationSlots = Object.fromEntries(
  transports.map((transport) => [transport, slotOf('obsctl.gateway.request.duration', transport)]),
) as Record<Transport, number>;
const stageSlots = Object.fromEntries(
  stages.map((stage) => [stage, slotOf('obsctl.gateway.wal.position', stage)]),
) as Record<(typeof stages)[number], number>;

const sampledSlots = (kind: 'kept' | 'left_out'): Record<(typeof sampledSignals)[number], number> =>
  Object.fromEntries(
    sampledSignals.map((signal) => [signal, slotOf('obsctl.gateway.sampling.items', signal, kind)]),
  ) as Record<(typeof sampledSignals)[number], number>;
const keptSlots = sampledSlots('kept');
const leftOutSlots = sampledSlots('left_out');

export class LaneCounters {
  readonly #counters: Counters;

  constructor(memory: SharedArrayBuffer) {
    this.#counters = new Counters(memory);
  }

  received(signal: Signal, items: number): void {
    this.#counters.add(received[signal], items);
  }

  resent(signal: Signal): void {
    this.#counters.add(resent[signal], 1);
  }

  durable(signal: Signal, items: number): void {
    this.#counters.add(durable[signal], items);
  }

  answered(signal: Signal, items: number): void {
    this.#counters.add(answered[signal], items);
  }

  refused(signal: Signal, items: number): void {
    this.#counters.add(refused[signal], items);
  }

  rejected(signal: Signal, items: number): void {
    this.#counters.add(rejected[signal], items);
  }

  /** Of `items` answered, `leftOut` have no row. */
  sampled(signal: (typeof sampledSignals)[number], items: number, leftOut: number): void {
    this.#counters.add(keptSlots[signal], items - leftOut);
    if (leftOut > 0) this.#counters.add(leftOutSlots[signal], leftOut);
  }

  redacted(action: (typeof redactionActions)[number], values: number): void {
    this.#counters.add(slotOf('obsctl.gateway.redaction.values', action), values);
  }

  refusedSeries(reason: (typeof seriesRefusals)[number], series: number): void {
    this.#counters.add(slotOf('obsctl.gateway.refused.series', reason), series);
  }

  refusedRequest(transport: Transport, reason: RefusalReason | BusyReason | 'too_large'): void {
    this.#counters.add(slotOf('obsctl.gateway.refused.requests', transport, reason), 1);
  }

  dropped(reason: 'dead_letter' | 'log_damaged', items: number): void {
    this.#counters.add(slotOf('obsctl.gateway.dropped.items', reason), items);
  }

  sealed(units: readonly { readonly table: string; readonly rows: number }[]): void {
    this.#counters.add(slotOf('obsctl.gateway.seals'), 1);
    for (const unit of units) {
      this.#counters.add(slotOf('obsctl.gateway.sealed.rows', unit.table), unit.rows);
    }
  }

  insert(
    unit: { readonly table: string; readonly rows: number; readonly bytes: number },
    outcome: InsertOutcome,
    elapsedMs: number,
  ): void {
    const counters = this.#counters;
    counters.add(slotOf('obsctl.gateway.inserts', unit.table, outcome), 1);
    if (outcome !== 'already_there') {
      const slot = slotOf('obsctl.gateway.insert.duration');
      counters.observe(slot, insertBounds, elapsedMs / 1000);
    }
    if (outcome === 'acknowledged' || outcome === 'already_there') {
      counters.add(slotOf('obsctl.gateway.acknowledged.rows', unit.table), unit.rows);
      counters.add(slotOf('obsctl.gateway.insert.size'), unit.bytes);
    }
  }

  deadLetter(table: string, rows: number): void {
    this.#counters.add(slotOf('obsctl.gateway.dead_letter.rows', table), rows);
    this.dropped('dead_letter', rows);
  }

  gauge(name: MetricName, value: number): void {
    this.#counters.set(slotOf(name), value);
  }

  /** How late the event loop of `worker` was. */
  eventLoopDelay(worker: number, seconds: number): void {
    this.#counters.set(slotOf('nodejs.eventloop.delay.p99', String(worker)), seconds);
  }

  /** One lane more, or one less, waits for `table`. */
  parked(table: string, isParked: boolean): void {
    this.#counters.add(slotOf('obsctl.gateway.parked.lanes', table), isParked ? 1 : -1);
  }

  /** Adds to a gauge: several lanes of one thread share its counters. */
  addGauge(name: MetricName, amount: number): void {
    this.#counters.add(slotOf(name), amount);
  }

  position(stage: (typeof stages)[number], position: number): void {
    this.#counters.set(stageSlots[stage], position);
  }

  unready(cause: UnreadyCause, isSo: boolean): void {
    this.#counters.set(slotOf('obsctl.gateway.unready', cause), isSo ? 1 : 0);
    const isReady = unreadyCauses.every(
      (entry) => this.#counters.get(slotOf('obsctl.gateway.unready', entry)) === 0,
    );
    this.#counters.set(slotOf('obsctl.gateway.ready'), isReady ? 1 : 0);
  }

  connections(transport: Transport, count: number): void {
    this.#counters.set(slotOf('obsctl.gateway.connections', transport), count);
  }

  /** What the receivers of the lane tell. */
  receivers(): ReceiveCounters {
    const counters = this.#counters;
    return {
      received: (signal, transport, wireBytes, bodyBytes) => {
        counters.add(sizeSlots[signal][transport], wireBytes);
        counters.add(inflatedSlots[signal][transport], bodyBytes);
      },
      answered: (signal, transport, outcome: Answer['outcome'], elapsedMs) => {
        counters.add(requestSlots[signal][transport][outcome] ?? 0, 1);
        counters.observe(durationSlots[transport], durationBounds, elapsedMs / 1000);
      },
      refused: (transport, reason) => this.refusedRequest(transport, reason),
    };
  }
}

function boundsOf(name: MetricName): readonly number[] {
  return catalog.find((metric) => metric.name === name)?.bounds ?? [];
}

function slotsBySignal(name: MetricName): Record<Signal, number> {
  return Object.fromEntries(signals.map((signal) => [signal, slotOf(name, signal)])) as Record<
    Signal,
    number
  >;
}

function bySignalAndTransport<Value>(
  make: (signal: Signal, transport: Transport) => Value,
): Record<Signal, Record<Transport, Value>> {
  return Object.fromEntries(
    signals.map((signal) => [
      signal,
      Object.fromEntries(transports.map((transport) => [transport, make(signal, transport)])),
    ]),
  ) as Record<Signal, Record<Transport, Value>>;
}
