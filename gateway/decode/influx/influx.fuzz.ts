/**
 * Damaged lines: never an exception; the same points, bad lines and rows as another reader finds,
 * straight into rows and by way of OTLP; the same again from the same bytes; and blocks that are as
 * they were when a body is refused. `npm run fuzz -- influx`.
 */
import { join } from 'node:path';
import { type FuzzOptions, fuzz, readCorpus } from '../../../test/support/fuzzing.ts';
import type { Random } from '../../../test/support/random.ts';
import { createOpenBlocks } from '../blocks.ts';
import { decodeInto } from '../decode.ts';
import { toldLines } from './faults.ts';
import { readByOracle } from './testdata/line-oracle.ts';
import {
  decodeByProtobuf,
  decodeLinesOnce,
  decodeOracle,
  receivedAtNs,
} from './testdata/points.ts';

const precisions = ['ns', 'us', 'ms', 's', 'm', 'h', 'auto'];
const dayNs = 86_400_000_000_000n;
const inputBytesMax = 4_000;

const isStored = (timeNs: bigint): boolean =>
  timeNs > 0n && timeNs >= receivedAtNs - 400n * dayNs && timeNs <= receivedAtNs + dayNs;

export async function run(options: FuzzOptions): Promise<void> {
  const inputs = readCorpus(join(import.meta.dirname, 'testdata/corpus-influx.json'));
  const isCanary = options.canary === true;
  const attempt = (bytes: Buffer, random: Random): string => {
    const body = bytes.subarray(0, inputBytesMax);
    checkLogs(body);
    return compare(body, precisions[random.below(precisions.length)] ?? '', isCanary);
  };
  await fuzz({ name: 'influx', inputs, attempt }, options);
}

function compare(body: Buffer, precision: string, isCanary: boolean): string {
  const text = body.toString('latin1');
  const parameters = `precision=${precision}&db=d`;
  const { items, bad } = readByOracle(text, precision, isStored);
  // The planted bug: a reader that does not know escapes.
  const seen = isCanary ? Buffer.from(text.replaceAll('\\', '/'), 'latin1') : body;
  const { result, rows } = decodeLinesOnce(seen, parameters);
  const again = decodeLinesOnce(seen, parameters);
  same('the same bytes again', [again.result, again.rows], [result, rows]);
  if (result.outcome === 'full') throw new Error('a few lines do not fit');
  if (result.outcome === 'malformed') {
    const told = toldLines(result.message).map(({ line }) => line);
    const expected = bad.slice(0, 8).map(([line]) => line);
    same('a refused body', [items.length, told, rows], [0, expected, []]);
    return 'malformed';
  }
  const rejected = bad.reduce((sum, [, lines]) => sum + lines, 0);
  same('the counts', [result.accepted, result.rejected], [items.length, rejected]);
  const expected = decodeOracle(items, { 'influxdb.database': 'd' });
  same('the rows', rows, expected.rows);
  if (items.length > 0) {
    same('the rows by way of OTLP', decodeByProtobuf(body, parameters).rows, rows);
  }
  return bad.length > 0 ? 'partial' : 'whole';
}

const logBlocks = createOpenBlocks();

/** Strings as log records: counted apart, and no row more than items. */
function checkLogs(body: Buffer): void {
  logBlocks.clear();
  const parameters = 'precision=ns&strings=logs&logs_days=7';
  const input = { signal: 'metrics', contentType: 'influx', parameters, body } as const;
  const result = decodeInto(logBlocks, { ...input, receivedAtNs });
  const rows = logBlocks.rowCount();
  if (result.outcome !== 'decoded') {
    same('what is refused', rows, 0);
    return;
  }
  const records = logBlocks
    .encode(1n)
    .reduce((sum, { table, rows: more }) => sum + (table === 'otel_logs' ? more : 0), 0);
  same('records and rows', [result.logRecords, result.accepted], [records, rows]);
}

function same(what: string, found: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: ${left}\nexpected: ${right}`);
}
