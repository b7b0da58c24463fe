/**
 * What holds for one request while it is decoded: its time bounds, the resource and scope under
 * way, and what was counted. One object a lane, reused.
 *
 * Hot path. Allocations per item: none. Copies: resource and scope, once each, so that several
 * occurrences on the wire merge as protobuf demands. Owner: the lane's blocks. Watched by
 * `decode.bench.ts`.
 */
import { Budget, putBytes, Text } from '../../clickhouse/native/buffers.ts';
import type { Sampling } from './decode-types.ts';
import { Keeper } from './keeper.ts';
import { shardOfResource } from './shard.ts';
import { readLength, readTag, skipField, word } from './wire.ts';

/** Bytes of one resource or scope that are followed. */
const carriedBytesMax = 128 * 1024 * 1024;
const carriedBytesKept = 1024 * 1024;

/** Places in {@link Context.time}. */
const receivedLow = 0;
const receivedHigh = 1;
export const earliestLow = 2;
export const earliestHigh = 3;
export const latestLow = 4;
export const latestHigh = 5;

/** Field 2 of both envelopes: scopes of a resource, items of a scope. */
const itemTag = 0x12;

const noTenant: Uint8Array = new Uint8Array(0);
/** Counts resources and scopes of all contexts, so that no two have the same serial. */
let serials = 0;
/** No place in a text is so far back: a tenant's length is no schema URL's place. */
const tenantMark = 0x8000_0000;

/**
 * A resource or scope: its bytes, then its schema URL and its tenant, as one run of bytes that
 * identifies it.
 */
export class Carried {
  readonly text = new Text(new Budget(carriedBytesMax));
  /** Where the schema URL begins in {@link text}, and where it ends. */
  schemaStart = 0;
  schemaEnd = 0;
  /** UTF-8 of whose data it is; empty without tenants, and for scopes. */
  tenant: Uint8Array = noTenant;
  /** Where the tenant begins in {@link text}. */
  tenantStart = 0;
  /** What to add to a place in {@link text} for the offset in the body. */
  bias = 0;
  /** Changes with each resource or scope of a request, and is never used again. */
  serial = 0;
  /** The shard of a resource, and the serial that it was found for. */
  shard = 0;
  shardSerial = -1;

  /**
   * Takes fields 1 (the resource or scope, merged when it comes several times) and 3 (the schema
   * URL, the last one) out of the envelope at `[from, end)`.
   */
  take(source: Uint8Array, view: DataView, from: number, end: number): void {
    const text = this.text;
    text.size = 0;
    let urlStart = from;
    let urlEnd = from;
    let at = from;
    while (at < end) {
      if (source[at] === itemTag && at + 3 < end && source[at + 2]! < 0x80) {
        // Items, of which there may be thousands, in place.
        const first = source[at + 1]!;
        const next =
          first < 0x80 ? at + 2 + first : at + 3 + (first & 0x7f) + source[at + 2]! * 128;
        if (next <= end) {
          at = next;
          continue;
        }
      }
      at = readTag(source, at, end);
      const tag = word[0]!;
      if (tag !== 0x0a && tag !== 0x1a) {
        at = skipField(source, at, end, tag);
        continue;
      }
      const start = readLength(source, at, end);
      at = start + word[0]!;
      if (tag === 0x0a) {
        this.bias = start - text.size;
        this.#append(source, view, start, at - start);
      } else {
        urlStart = start;
        urlEnd = at;
      }
    }
    this.schemaStart = text.size;
    this.#append(source, view, urlStart, urlEnd - urlStart);
    this.end();
  }

  /** Begins one whose message a decoder of another protocol writes into {@link text}. */
  begin(): void {
    this.text.size = 0;
    this.bias = 0;
  }

  /** Ends the message, before its schema URL. */
  endMessage(): void {
    this.schemaStart = this.text.size;
  }

  /** Ends message and schema URL, which stand in {@link text}. */
  end(): void {
    const text = this.text;
    this.schemaEnd = text.size;
    // The split belongs to the identity: `ab` + `` is not `a` + `b`.
    this.#appendNumber(this.schemaStart);
    this.tenantStart = text.size;
    if (this.tenant.length > 0) this.#appendTenant();
    this.renew();
  }

  /** Gives it a serial that nothing has had, because what it stands for has changed. */
  renew(): void {
    serials += 1;
    this.serial = serials;
  }

  /** Gives back what one huge resource needed. */
  release(): void {
    if (this.text.size > carriedBytesKept) this.text.release();
  }

  #appendNumber(value: number): void {
    const text = this.text;
    text.reserve(4);
    text.view.setUint32(text.size, value, true);
    text.size += 4;
  }

  #appendTenant(): void {
    const text = this.text;
    text.reserve(this.tenant.length);
    text.bytes.set(this.tenant, text.size);
    text.size += this.tenant.length;
    this.#appendNumber(tenantMark + this.tenant.length);
  }

  #append(source: Uint8Array, view: DataView, from: number, length: number): void {
    this.text.reserve(length);
    putBytes(this.text, source, view, from, length);
  }
}

export class Context {
  readonly time = new Uint32Array(6);
  readonly ownResource = new Carried();
  /** The resource under way: {@link ownResource}, or one of several that take turns. */
  resource: Carried = this.ownResource;
  readonly scope = new Carried();
  readonly keeper = new Keeper();
  /** Shards that rows are spread over. */
  readonly shards: number;
  /** Changes with each request. */
  serial = 0;
  accepted = 0;
  rejected = 0;
  /** Items that came without a time and got the request's. */
  untimed = 0;
  /** Reason of the first rejection. */
  reason = '';
  /** What is wrong with the item under way; empty when nothing is. */
  fault = '';
  repeatedKeys = 0;
  /** Of remote write: what was stored by kind (PRW2-4). */
  samples = 0;
  histograms = 0;
  exemplars = 0;
  #tenant = '';

  constructor(shards = 1) {
    this.shards = shards;
  }

  /** Begins a request. */
  begin(
    receivedAtNs: bigint,
    ageNsMax: bigint,
    aheadNsMax: bigint,
    sampling: Sampling | undefined,
    tenant: string,
  ): void {
    const earliest = receivedAtNs > ageNsMax ? receivedAtNs - ageNsMax : 1n;
    this.#setTime(receivedLow, receivedAtNs);
    this.#setTime(earliestLow, earliest);
    this.#setTime(latestLow, receivedAtNs + aheadNsMax);
    this.keeper.begin(sampling, this.time[receivedLow]! ^ this.time[receivedHigh]!);
    if (tenant !== this.#tenant) {
      this.#tenant = tenant;
      this.ownResource.tenant = Buffer.from(tenant);
    }
    this.serial += 1;
    this.accepted = 0;
    this.rejected = 0;
    this.untimed = 0;
    this.reason = '';
    this.fault = '';
    this.repeatedKeys = 0;
    this.samples = 0;
    this.histograms = 0;
    this.exemplars = 0;
  }

  /** Whether a time lies where rows may lie. */
  accepts(low: number, high: number): boolean {
    const time = this.time;
    return (
      (high > time[earliestHigh]! || (high === time[earliestHigh] && low >= time[earliestLow]!)) &&
      (high < time[latestHigh]! || (high === time[latestHigh] && low <= time[latestLow]!))
    );
  }

  /** The shard of the resource under way. */
  resourceShard(): number {
    if (this.shards === 1) return 0;
    const { resource } = this;
    if (resource.shardSerial !== resource.serial) {
      resource.shardSerial = resource.serial;
      resource.shard = shardOfResource(resource.text.bytes, resource.schemaStart, this.shards);
    }
    return resource.shard;
  }

  /** Fills in the time of the request where an item has none. */
  fillTime(target: Int32Array, place: number): void {
    this.putReceived(target, place);
    this.untimed += 1;
  }

  /** The time of the request, for what is not measured: it makes no repeat a second event. */
  putReceived(target: Int32Array, place: number): void {
    target[place] = this.time[receivedLow]!;
    target[place + 1] = this.time[receivedHigh]!;
  }

  /** Counts an item that can never be stored. */
  reject(reason: string): void {
    if (this.rejected === 0) this.reason = reason;
    this.rejected += 1;
  }

  #setTime(place: number, valueNs: bigint): void {
    this.time[place] = Number(valueNs & 0xffffffffn);
    this.time[place + 1] = Number(valueNs >> 32n);
  }
}
