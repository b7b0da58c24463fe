/**
 * A seal closes all open tables of a lane at once and is written to the log, and synced, before
 * the first insert leaves: what an insert holds never depends on timing after a restart
 * (gateway.md, section 3). Its record's body is JSON: seals are a few a second, and a person may
 * have to read one.
 */
import { randomBytes } from 'node:crypto';
import { oldChecksum } from '../../clickhouse/native/checksum.ts';
import type { Signal } from '../answer.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';

/** What the log's `kind` means to us. A number never changes its meaning. */
export const recordKinds = { traces: 1, metrics: 2, logs: 3, seal: 16 } as const;

/** Bound on the units of one seal record that recovery accepts. */
const unitCountMax = 100_000;

export type SealUnit = {
  readonly table: string;
  readonly partition: string;
  readonly rows: number;
  readonly bytes: number;
  /** See `clickhouse/native/checksum.ts`. */
  readonly checksum: string;
  readonly firstEventNs: bigint;
  readonly lastEventNs: bigint;
};

export type Seal = {
  /** Random, 32 hex digits: a position would repeat on a cloned volume. */
  readonly id: string;
  /** Records in `[first, last)` are covered. */
  readonly first: number;
  readonly last: number;
  /** When the oldest of them came in. */
  readonly firstReceivedMs: number;
  /** Items that were decoded from these records; absent in seals of before it was counted. */
  readonly received?: Received;
  /** Of these, the ones that sampling left out: they have no row. */
  readonly leftOut?: Received;
  /** Shards that its rows were spread over; absent for one. */
  readonly shards?: number;
  /** Both by tenant; absent without tenants. */
  readonly tenants?: Readonly<Record<string, TenantCounts>>;
  readonly units: readonly SealUnit[];
};

export type Received = Readonly<Record<Signal, number>>;

export type TenantCounts = { readonly received: Received; readonly leftOut: Received };

export const nothingReceived: Received = { traces: 0, metrics: 0, logs: 0 };

export function newSealId(): string {
  return randomBytes(16).toString('hex');
}

/** The low half of the id: the `Seal` column of every row. */
export function sealNumber(id: string): bigint {
  return BigInt(`0x${id.slice(16)}`);
}

/** Different for every (table, partition): one token over two partitions lost rows. */
export function unitToken(sealId: string, table: string, partition: string): string {
  return `${sealId}-${table}-${partition}`;
}

export function describeUnit(unit: EncodedUnit): SealUnit {
  const { table, partition, rows, bytes, checksum, firstEventNs, lastEventNs } = unit;
  return { table, partition, rows, bytes, checksum, firstEventNs, lastEventNs };
}

export function encodeSeal(seal: Seal): Uint8Array {
  const units = seal.units.map((unit) => ({
    ...unit,
    firstEventNs: String(unit.firstEventNs),
    lastEventNs: String(unit.lastEventNs),
  }));
  return Buffer.from(JSON.stringify({ version: 1, ...seal, units }));
}

/** `undefined` for bytes that are no seal of a version known here. */
export function decodeSeal(body: Uint8Array): Seal | undefined {
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { id, first, last, firstReceivedMs, units } = parsed;
  if (parsed['version'] !== 1 || typeof id !== 'string' || !/^[0-9a-f]{32}$/.test(id)) {
    return undefined;
  }
  if (typeof first !== 'number' || typeof last !== 'number' || first > last) return undefined;
  if (!Array.isArray(units) || units.length > unitCountMax) return undefined;
  return {
    id,
    first,
    last,
    firstReceivedMs: Number(firstReceivedMs),
    ...countsOf(parsed, 'received'),
    ...countsOf(parsed, 'leftOut'),
    ...(typeof parsed['shards'] === 'number' && { shards: parsed['shards'] }),
    ...tenantsOf(parsed['tenants']),
    units: units.map((unit) => ({
      table: String(unit.table),
      partition: String(unit.partition),
      rows: Number(unit.rows),
      bytes: Number(unit.bytes),
      checksum: typeof unit.checksum === 'string' ? unit.checksum : oldChecksum(Number(unit.crc)),
      firstEventNs: BigInt(unit.firstEventNs),
      lastEventNs: BigInt(unit.lastEventNs),
    })),
  };
}

function tenantsOf(value: unknown): Pick<Seal, 'tenants'> {
  if (typeof value !== 'object' || value === null) return {};
  const entries = Object.entries(value).map(([tenant, counts]) => {
    const { received = nothingReceived } = countsOf(counts, 'received');
    const { leftOut = nothingReceived } = countsOf(counts, 'leftOut');
    return [tenant, { received, leftOut }] as const;
  });
  return { tenants: Object.fromEntries(entries) };
}

function countsOf<Name extends 'received' | 'leftOut'>(
  parsed: Readonly<Record<string, unknown>>,
  name: Name,
): { readonly [Key in Name]?: Received } {
  const value = parsed[name];
  if (typeof value !== 'object' || value === null) return {};
  const items = new Map<string, unknown>(Object.entries(value));
  const of = (signal: Signal): number => Number(items.get(signal) ?? 0);
  const counts = { traces: of('traces'), metrics: of('metrics'), logs: of('logs') };
  return { [name]: counts } as { readonly [Key in Name]: Received };
}

export function kindOf(signal: Signal): number {
  return recordKinds[signal];
}

export function signalOf(kind: number): Signal | undefined {
  if (kind === recordKinds.traces) return 'traces';
  if (kind === recordKinds.metrics) return 'metrics';
  if (kind === recordKinds.logs) return 'logs';
  return undefined;
}
