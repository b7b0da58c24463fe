/**
 * The log against a model in plain data, stepped in lockstep over a disk that forgets unsynced
 * writes in any subset and order, fails syncs, runs out of space and writes short (F2, F5, F7,
 * F9, F10 of the fault matrix). The model knows only what the log said aloud.
 */
import { deepStrictEqual, notStrictEqual, ok, strictEqual } from 'node:assert';
import { type OpenedWal, openWal } from '../../../gateway/wal/wal.ts';
import type { LogRecord, RecordMeta } from '../../../gateway/wal/wal-types.ts';
import { type Random, seededRandom } from '../../support/random.ts';
import { simulatedClock } from '../../support/simulated-clock.ts';
import { type Fault, SimulatedDisk } from '../../support/simulated-disk.ts';

const DESTINATION = 'clickhouse';

type Known = {
  readonly end: number;
  readonly body: Buffer;
  state: 'unknown' | 'durable' | 'refused';
  /** A refused record that a later success has buried: it may never come back. */
  buried: boolean;
};

export type Action = { readonly do: string; readonly count?: number; readonly kind?: number };

function meta(kind: number): RecordMeta {
  return {
    kind,
    receivedAtNs: BigInt(kind) * 1_000n,
    contentType: 0,
    contentEncoding: 0,
    decoderVersion: 1,
    settingsFingerprint: kind,
    samplingThreshold: 0n,
    flags: 0,
    rejectedItems: 0,
    tenant: kind % 3 === 0 ? 'blue' : '',
  };
}

export class Lockstep {
  readonly #random: Random;
  readonly #disk: SimulatedDisk;
  readonly #clock = simulatedClock();
  readonly #records = new Map<number, Known>();
  #opened: OpenedWal | undefined;
  readonly #refusesCuts: boolean;
  #serial = 0;
  /** The highest position that an acknowledgement was promised durable for. */
  #acknowledged = 0;
  #asked = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#disk = new SimulatedDisk(this.#random);
    this.#refusesCuts = this.#random.oneIn(2);
    this.#setFault(() => undefined);
  }

  /** Half of the disks cannot cut a file: what was refused then stays in it for all to see. */
  #setFault(fault: Fault): void {
    this.#disk.fault = (operation, name) =>
      operation === 'truncate' && this.#refusesCuts ? 'EIO' : fault(operation, name);
  }

  async run(actions: readonly Action[]): Promise<void> {
    await this.#open();
    for (const step of actions) {
      if (step.do === 'append') this.#append(step.count ?? 1);
      else if (step.do === 'wait') await this.#settle();
      else if (step.do === 'acknowledge') await this.#acknowledge();
      else if (step.do === 'read') {
        this.#setFault(() => undefined);
        await this.#check();
      } else if (step.do === 'fault') this.#arm(step.kind ?? 0);
      else await this.#restart(step.do);
      this.#wal.invariants();
    }
    await this.#restart('crash');
    await this.#restart('close');
  }

  get #wal() {
    if (this.#opened === undefined) throw new Error('the log is open');
    return this.#opened.wal;
  }

  #append(count: number): void {
    for (let index = 0; index < count; index += 1) {
      this.#serial += 1;
      const body = Buffer.alloc(this.#random.below(3000), this.#serial & 0xff);
      body.write(String(this.#serial));
      const from = this.#wal.writtenPosition();
      let end = 0;
      try {
        end = this.#wal.append(meta(this.#serial % 50), body);
      } catch (error) {
        isFailure(error, 'full');
        return;
      }
      const known: Known = { end, body, state: 'unknown', buried: false };
      const earlier = this.#records.get(from);
      // A position is given out again only when a crash took the record that had it.
      ok(earlier?.state !== 'durable' && earlier?.state !== 'refused', 'a place given out twice');
      this.#records.set(from, known);
      const wal = this.#wal;
      wal.durable(end).then(
        () => this.#succeed(wal, known),
        (error) => {
          isFailure(error, 'disk_error');
          if (this.#opened?.wal === wal) known.state = 'refused';
        },
      );
    }
  }

  #succeed(wal: unknown, known: Known): void {
    if (this.#opened?.wal !== wal) return;
    known.state = 'durable';
    for (const other of this.#records.values()) {
      if (other.state === 'refused' && other.end < known.end) other.buried = true;
    }
  }

  async #settle(): Promise<void> {
    const outcomes = [...this.#records.values()].filter(({ state }) => state === 'unknown');
    await Promise.allSettled(outcomes.map(({ end }) => this.#wal.durable(end)));
    await hop(3);
    for (const { state } of outcomes) notStrictEqual(state, 'unknown');
  }

  async #acknowledge(): Promise<void> {
    const ends = [...this.#records.values()].filter(({ state }) => state === 'durable');
    const target = ends[this.#random.below(ends.length)]?.end ?? 0;
    const before = this.#wal.acknowledged(DESTINATION);
    if (target > before) this.#asked = Math.max(this.#asked, target);
    const wal = this.#wal;
    const done = wal.acknowledge(DESTINATION, target).then(() => {
      if (this.#opened?.wal === wal) this.#acknowledged = Math.max(this.#acknowledged, target);
    });
    strictEqual(wal.acknowledged(DESTINATION), Math.max(before, target));
    this.#clock.advance(this.#random.below(400));
    if (this.#random.oneIn(2)) {
      this.#setFault(() => undefined);
      for (let turn = 0; turn < 20; turn += 1) {
        this.#clock.advance(1000);
        await hop(60);
      }
      await done;
    }
  }

  #arm(kind: number): void {
    const once = (operation: string, verdict: string | number): Fault => {
      let armed = true;
      return (actual) => {
        if (!armed || actual !== operation) return undefined;
        armed = false;
        return verdict;
      };
    };
    const faults: Fault[] = [
      () => undefined,
      once('dataSync', 'EIO'),
      once('write', 'ENOSPC'),
      (operation) => (operation === 'write' && this.#random.oneIn(3) ? 'EINTR' : undefined),
      (operation) => (operation === 'write' ? 1 + this.#random.below(4096) : undefined),
      (operation) => (operation !== 'read' && this.#random.oneIn(4) ? 'EIO' : undefined),
      once('rename', 'ENOSPC'),
    ];
    this.#setFault(faults[kind] ?? (() => undefined));
  }

  async #restart(how: string): Promise<void> {
    await hop(this.#random.below(40));
    if (how === 'close') {
      this.#setFault(() => undefined);
      await this.#settle();
      this.#clock.advance(1000);
      await this.#wal.close();
      this.#acknowledged = this.#asked;
    }
    this.#opened = undefined;
    if (how === 'crash') this.#disk.crash();
    else this.#disk.kill();
    this.#setFault(() => undefined);
    await this.#open();
    await this.#check();
    // Recovery that is cut short itself, at the worst moment, must find the same log.
    if (this.#random.oneIn(3)) {
      this.#opened = undefined;
      this.#disk.crash();
      await this.#open();
      await this.#check();
    }
  }

  async #open(): Promise<void> {
    this.#opened = await openWal({
      dir: 'lane',
      clock: this.#clock,
      fs: this.#disk.mount(),
      segmentBytes: 16 * 1024,
      sizeBytesMax: 96 * 1024,
      recordBytesMax: 3000,
      destinations: [DESTINATION],
      newLogId: () => '00112233445566778899aabbccddeeff',
    });
    const { wal, recovery } = this.#opened;
    const cursor = wal.acknowledged(DESTINATION);
    ok(cursor >= this.#acknowledged, 'a checkpoint went back');
    // Beyond what was asked a cursor may only step over places where nothing durable stands.
    for (const [position, { state }] of this.#records) {
      if (state === 'durable' && position >= this.#asked) ok(position >= cursor, 'passed over');
    }
    this.#acknowledged = cursor;
    this.#asked = cursor;
    for (const { from, to, reason } of recovery.damaged) {
      // Nobody removes files here: a missing one would have been freed too early.
      notStrictEqual(reason, 'segment missing');
      for (const [position, { end, state }] of this.#records) {
        if (state !== 'durable') continue;
        ok(end <= from || position >= to || end <= cursor, 'a durable record is damaged');
      }
    }
    const found = await Array.fromAsync(wal.read(cursor, wal.durablePosition()));
    // Closed segments are counted by their headers; a torn body in them shows when it is read.
    ok(found.length <= recovery.records, 'more is read than was counted');
    if (found.length < recovery.records) ok(wal.damagedRanges().length > 0, 'lost in silence');
    this.#adopt(found, cursor);
  }

  /** What recovery found is durable from now on; what it did not find is gone for good. */
  #adopt(found: readonly LogRecord[], cursor: number): void {
    const present = new Set(found.map(({ position }) => position));
    for (const [position, known] of this.#records) {
      if (known.state === 'durable' && position >= cursor) {
        ok(present.has(position), 'a durable record is lost');
      }
      if (present.has(position)) {
        ok(!known.buried, 'a refused record came back');
        known.state = 'durable';
      } else if (known.end > cursor) this.#records.delete(position);
      else if (known.state !== 'durable') this.#records.delete(position);
    }
  }

  async #check(): Promise<void> {
    const wal = this.#wal;
    const from = wal.acknowledged(DESTINATION);
    const to = wal.durablePosition();
    const found = await Array.fromAsync(wal.read(from, to));
    const seen = new Set<number>();
    for (const record of found) {
      const known = this.#records.get(record.position);
      ok(known?.body.equals(record.body), 'a record has other bytes');
      strictEqual(known?.end, record.next);
      seen.add(record.position);
    }
    for (const [position, { state, end }] of this.#records) {
      if (state !== 'durable' || position < from || end > to) continue;
      ok(seen.has(position), 'a durable record is not read');
    }
    const inOrder = [...seen].sort((a, b) => a - b);
    deepStrictEqual(
      found.map(({ position }) => position),
      inOrder,
    );
  }
}

function isFailure(error: unknown, reason: string): void {
  const { name, reason: given } = error as { name?: string; reason?: string };
  deepStrictEqual({ name, given }, { name: 'WalFailure', given: reason });
}

/** A history for programs; `crash-model.test.ts` has a generator that shrinks. */
export function randomActions(random: Random): readonly Action[] {
  const weighted: readonly (readonly [weight: number, make: () => Action])[] = [
    [10, () => ({ do: 'append', count: 1 + random.below(9) })],
    [6, () => ({ do: 'wait' })],
    [4, () => ({ do: 'acknowledge' })],
    [2, () => ({ do: 'read' })],
    [3, () => ({ do: 'fault', kind: random.below(7) })],
    [2, () => ({ do: 'crash' })],
    [2, () => ({ do: 'kill' })],
    [1, () => ({ do: 'close' })],
  ];
  const total = weighted.reduce((sum, [weight]) => sum + weight, 0);
  return Array.from({ length: 5 + random.below(36) }, () => {
    let left = random.below(total);
    for (const [weight, make] of weighted) {
      left -= weight;
      if (left < 0) return make();
    }
    return { do: 'wait' };
  });
}

async function hop(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await Promise.resolve();
}
