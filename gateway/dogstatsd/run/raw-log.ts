/** The log of raw datagrams: a datagram is in it before it counts. Its own directory and format. */
import { join } from 'node:path';
import type { Clock } from '../../../core/clock.ts';
import { openWal } from '../../wal/wal.ts';
import type { LogRecord, RecordMeta, Wal } from '../../wal/wal-types.ts';
import type { Closing } from '../intake.ts';
import type { LogEntry } from '../recover.ts';
import type { Batch } from './batch.ts';
import type { Result } from './emitter.ts';
import {
  datagramsOf,
  decodeClose,
  decodeDone,
  encodeClose,
  encodeDone,
  type ResultPlace,
  recordKinds,
} from './records.ts';

const destination = 'windows';
const recordBytesMax = 8 * 1024 ** 2;
const segmentBytes = 16 * 1024 ** 2;
/** More than the windows that may be open hold; beyond it datagrams are refused and counted. */
const sizeBytesMax = 1024 ** 3;

/** What the log holds that is not emitted. */
export type Tail = {
  /** Where it begins. */
  readonly from: number;
  readonly entries: readonly LogEntry[];
  /** CLOSEs without a DONE, oldest first, with their results. */
  readonly undone: readonly { readonly position: number; readonly results: readonly Result[] }[];
};

export class RawLog {
  readonly #wal: Wal;
  /** Where records begin, ascending, from the last that was freed. */
  readonly #starts: number[] = [];

  private constructor(wal: Wal) {
    this.#wal = wal;
  }

  /** Opens the log below `dataDir`; `say` is told what recovery found. */
  static async open(dataDir: string, clock: Clock, say: (text: string) => void): Promise<RawLog> {
    const { wal, recovery } = await openWal({
      dir: join(dataDir, 'dogstatsd'),
      clock,
      segmentBytes,
      sizeBytesMax,
      recordBytesMax,
      destinations: [destination],
    });
    for (const note of recovery.notes) say(note);
    for (const { from, to, reason } of recovery.damaged) {
      say(`positions ${from} to ${to} are damaged and skipped: ${reason}`);
    }
    return new RawLog(wal);
  }

  /** Everything behind the cursor. */
  async tail(): Promise<Tail> {
    const entries: LogEntry[] = [];
    const bodies = new Map<number, Uint8Array>();
    const open = new Map<number, readonly ResultPlace[]>();
    const from = this.#wal.acknowledged(destination);
    for await (const record of this.#wal.read(from, this.#wal.durablePosition())) {
      const { position, meta, body } = record;
      this.#starts.push(position);
      if (meta.kind === recordKinds.raw) entries.push(...rawEntries(record));
      else if (meta.kind === recordKinds.result) bodies.set(position, Buffer.from(body));
      else if (meta.kind === recordKinds.close) {
        const { results, ...mark } = decodeClose(body);
        entries.push({ kind: 'close', position, ...mark });
        open.set(position, results);
      } else if (meta.kind === recordKinds.done) open.delete(decodeDone(body));
    }
    const undone = [...open].map(([position, places]) => ({
      position,
      results: places.flatMap((place) => {
        const body = bodies.get(place.position);
        return body === undefined ? [] : [{ ...place, body }];
      }),
    }));
    return { from, entries, undone };
  }

  /** Appends a batch; its position, once it is durable. Rejects with a WalFailure. */
  async append({ receivedAtNs, body }: Batch): Promise<number> {
    return await this.#write(recordKinds.raw, receivedAtNs, body);
  }

  /** Appends results and their CLOSE at once; where they stand, once they are durable. */
  async close(
    closing: Closing,
    bodies: readonly { readonly signal: ResultPlace['signal']; readonly body: Uint8Array }[],
    receivedAtNs: bigint,
  ): Promise<{ readonly position: number; readonly results: readonly Result[] }> {
    const results = bodies.map(({ signal, body }) => ({
      signal,
      body,
      position: this.#append(recordKinds.result, receivedAtNs, body),
    }));
    const { closedBeforeNs, foldedUpTo, carried } = closing;
    const places = results.map(({ signal, position }) => ({ signal, position }));
    const record = encodeClose({ closedBeforeNs, foldedUpTo, carried, results: places });
    const position = await this.#write(recordKinds.close, receivedAtNs, record);
    return { position, results };
  }

  async done(closePosition: number, receivedAtNs: bigint): Promise<void> {
    await this.#write(recordKinds.done, receivedAtNs, encodeDone(closePosition));
  }

  /** Nothing below `position` is needed any more; it may lie inside of a record. */
  free(position: number): void {
    let kept = 0;
    while (kept + 1 < this.#starts.length && this.#starts[kept + 1]! <= position) kept += 1;
    this.#starts.splice(0, kept);
    const [start] = this.#starts;
    if (start !== undefined && start <= position) void this.#wal.acknowledge(destination, start);
  }

  async shut(): Promise<void> {
    await this.#wal.close();
  }

  async #write(kind: number, receivedAtNs: bigint, body: Uint8Array): Promise<number> {
    const position = this.#append(kind, receivedAtNs, body);
    await this.#wal.durable(this.#wal.writtenPosition());
    return position;
  }

  /** Appends and returns where the record begins. */
  #append(kind: number, receivedAtNs: bigint, body: Uint8Array): number {
    const position = this.#wal.writtenPosition();
    this.#starts.push(position);
    // Results make room, and are bounded by what was taken.
    this.#wal.append(metaOf(kind, receivedAtNs), body, kind !== recordKinds.raw);
    return position;
  }
}

/** Each datagram has a position of its own: records are longer than they hold datagrams. */
function* rawEntries({ position, meta, body }: LogRecord): Generator<LogEntry> {
  let index = 0;
  for (const { receivedAtNs, bytes } of datagramsOf(meta.receivedAtNs, Buffer.from(body))) {
    yield { kind: 'raw', position: position + index, receivedAtNs, bytes };
    index += 1;
  }
}

function metaOf(kind: number, receivedAtNs: bigint): RecordMeta {
  return {
    kind,
    receivedAtNs,
    contentType: 0,
    contentEncoding: 0,
    decoderVersion: 1,
    settingsFingerprint: 0,
    samplingThreshold: 0n,
    flags: 0,
    rejectedItems: 0,
    tenant: '',
  };
}
