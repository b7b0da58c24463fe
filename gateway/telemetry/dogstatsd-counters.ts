/** What DogStatsD counts, into the memory that the main thread reads. */
import type { RelayLosses } from '../datagram-relay.ts';
import type { Listeners } from '../dogstatsd/run/listeners.ts';
import type { DogstatsdService } from '../dogstatsd/run/service.ts';
import { type catalog, dogstatsdFaults, dogstatsdIgnored, dogstatsdSockets } from './catalog.ts';
import { Counters, slotOf } from './counters.ts';

export const dogstatsdPrefix = 'obsctl.gateway.dogstatsd.';

export class DogstatsdCounters {
  readonly #counters: Counters;

  constructor(memory: SharedArrayBuffer) {
    this.#counters = new Counters(memory);
  }

  /** `losses`: datagrams that did not reach the service's thread. */
  write(
    { counts, wrapCounts, intake }: DogstatsdService,
    listeners: Listeners,
    losses: RelayLosses,
  ): void {
    const { parser, aggregator, refusedWaiting } = intake;
    const set = (name: CounterName, value: number, ...values: readonly string[]): void =>
      this.#counters.set(slotOf(`${dogstatsdPrefix}${name}`, ...values), value);
    const received = receivedOf(listeners.received, losses);
    for (const socket of dogstatsdSockets) set('datagrams', received[socket], socket);
    set('logged', counts.logged);
    set('refused', counts.refused + losses.refused.udp + losses.refused.unixgram);
    set('kernel.drops', (listeners.kernelDrops() ?? 0) + losses.dropped);
    set('lines', parser.counts.metrics, 'metric');
    set('lines', parser.counts.events, 'event');
    set('lines', parser.counts.serviceChecks, 'service_check');
    for (const fault of dogstatsdFaults) set('faults', parser.counts.faultsOf(fault), fault);
    for (const part of dogstatsdIgnored) set('ignored', parser.counts.ignoredOf(part), part);
    set('late', aggregator.counts.late);
    set('no_room', aggregator.counts.refused.series, 'series');
    set('no_room', aggregator.counts.refused.words, 'memory');
    set('no_room', aggregator.counts.refused.windows, 'windows');
    set('no_room', refusedWaiting, 'waiting');
    set('wrapper.failures', wrapCounts.failed);
    set('points', wrapCounts.points);
    set('rejected', counts.rejected);
    set('series', aggregator.seriesCount);
  }
}

/** What came, by socket: what was refused on the way to the service's thread came as well. */
export function receivedOf(
  received: Listeners['received'],
  { refused }: RelayLosses,
): Listeners['received'] {
  const { udp, unixgram } = refused;
  return { ...received, udp: received.udp + udp, unixgram: received.unixgram + unixgram };
}

type CounterName =
  Extract<
    (typeof catalog)[number]['name'],
    `${typeof dogstatsdPrefix}${string}`
  > extends `${typeof dogstatsdPrefix}${infer Name}`
    ? Name
    : never;
