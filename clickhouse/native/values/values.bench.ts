/**
 * CPU-seconds per million rows of six columns as business tables have them, pushed out of a buffer
 * as a reader has it and taken as blocks, with the checksum and without, in turn in one run.
 * `npm run bench -- values`.
 */
import { cpuUsSince, median, printLine, rounded } from '../../../test/support/figures.ts';
import type { LongColumn, ValueColumn } from './types.ts';
import { openRowWriter } from './writer.ts';

const names = ['id', 'title', 'price', 'created_at', 'token', 'is_paid'];
const zone = "'UTC'";
const types = [
  'Int64',
  'String',
  'Decimal(12, 2)',
  `DateTime64(6, ${zone})`,
  'UUID',
  'Nullable(Bool)',
];
/** Three numbers, a text, a UUID and a boolean. */
const textBytes = 40;
const rowBytes = 8 + textBytes + 8 + 8 + 16 + 1;
const sourceRows = 1024;
const blockRows = 64 * 1024;
/** Short turns, so that both sides meet the same neighbours on a busy machine. */
const rowsARun = 2 * blockRows;
const runCount = 101;

type Writer = ReturnType<typeof openRowWriter>;
type Of<K extends ValueColumn['kind']> = Extract<ValueColumn, { kind: K }>;

/** Runs both sides in turn; prints one line. */
export function run({ json }: { readonly json: boolean }): void {
  const source = sourceOf();
  const sides = [false, true].map((checksum) => ({
    writer: openRowWriter(types, { rowsMax: blockRows, bytesMax: 2 ** 30, checksum }),
    us: [] as number[],
    ms: [] as number[],
  }));
  for (let turn = -5; turn < runCount; turn += 1) {
    for (const { writer, us, ms } of sides) {
      const start = process.cpuUsage();
      const startMs = performance.now();
      fill(writer, source);
      if (turn < 0) continue;
      us.push(cpuUsSince(start) / rowsARun);
      ms.push(performance.now() - startMs);
    }
  }
  const [plain, checked] = sides as [(typeof sides)[0], (typeof sides)[0]];
  const rate = ({ ms }: { readonly ms: readonly number[] }): number =>
    Math.round((rowsARun / median(ms)) * 1000);
  printLine(json, {
    bench: 'values-six-columns',
    value: rounded(median(checked.us)),
    unit: 'cpu_s_per_million_rows',
    peer: { withoutChecksum: rounded(median(plain.us)) },
    ratio: rounded(median(checked.us.map((us, index) => us / plain.us[index]!))),
    rowsPerSecond: rate(checked),
    rowsPerSecondWithoutChecksum: rate(plain),
    runs: checked.us.slice(0, 9).map(rounded),
  });
}

function sourceOf(): Buffer {
  const source = Buffer.alloc(sourceRows * rowBytes);
  for (let at = 0; at < source.length; at += 1) source[at] = (at * 7919 + (at >> 8) * 31) & 0xff;
  return source;
}

function fill(writer: Writer, source: Buffer): void {
  const [id, title, price, createdAt, token, isPaid] = writer.columns as unknown as [
    LongColumn,
    Of<'bytes'>,
    LongColumn,
    LongColumn,
    Of<'bytes'>,
    Of<'nullable'>,
  ];
  const paid = isPaid.inner as Of<'number'>;
  for (let row = 0; row < rowsARun; row += 1) {
    const at = (row % sourceRows) * rowBytes;
    pushLong(id, source, at);
    title.pushBytes(source, at + 8, at + 8 + textBytes);
    pushLong(price, source, at + 8 + textBytes);
    pushLong(createdAt, source, at + 16 + textBytes);
    token.pushBytes(source, at + 24 + textBytes, at + 40 + textBytes);
    const flag = source[at + 40 + textBytes]!;
    if (flag % 4 === 0) isPaid.pushNull();
    else {
      isPaid.pushValid();
      paid.pushNumber(flag & 1);
    }
    writer.endRow();
    if (writer.isFull()) writer.take(names);
  }
}

function pushLong(column: LongColumn, source: Buffer, at: number): void {
  column.pushHalves(source.readInt32BE(at + 4), source.readInt32BE(at));
}

if (import.meta.main) run({ json: process.argv.includes('--json') });
