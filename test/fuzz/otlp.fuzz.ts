/**
 * Damaged requests, protobuf and JSON, to the gateway's decoder and to an independent reader
 * (protobufjs's wire reader, `JSON.parse`): what the decoder takes the other reads, too, with the
 * same number of rows in each table and of rejected items. `npm run fuzz -- otlp`.
 */
import { join } from 'node:path';
import protobuf from 'protobufjs';
import type { OtlpContentType, Signal } from '../../gateway/answer.ts';
import { type Blocks, createOpenBlocks } from '../../gateway/decode/blocks.ts';
import { decodeInto } from '../../gateway/decode/decode.ts';
import { goldenBody, goldenJson, signals } from '../bad-input/golden.ts';
import { readContents } from '../bad-input/oracle.ts';
import { jsonCases } from '../conformance/odd/json-cases.ts';
import { protobufCases } from '../conformance/odd/protobuf-cases.ts';
import { type FuzzOptions, fuzz, readCorpus } from '../support/fuzzing.ts';

const blockBytesMax = 64 * 1024 ** 2;
const inputBytesMax = 100_000;
const ageDaysMax: Readonly<Record<Signal, number>> = { traces: 7, logs: 7, metrics: 30 };

export async function run(options: FuzzOptions): Promise<void> {
  const odd = [...jsonCases, ...protobufCases].flatMap((one) => bodyOf(one));
  const inputs = [
    ...signals.flatMap((signal) => [goldenBody(signal, 1), goldenJson(signal, 1)]),
    ...odd.filter((body) => body.length <= inputBytesMax),
    ...readCorpus(join(import.meta.dirname, 'corpus-otlp.json')),
  ];
  const blocks = createOpenBlocks({ bytesMax: blockBytesMax });
  const attempt = (bytes: Buffer): string => {
    const looksLikeJson = /^\s*[[{]/.test(bytes.toString('latin1', 0, 16));
    const contentType: OtlpContentType = looksLikeJson ? 'json' : 'protobuf';
    // The same bytes are asked for as each signal: fields mean something else in each.
    const outcomes = signals.map((signal) =>
      compare(blocks, signal, contentType, bytes, options.canary === true),
    );
    return `${contentType} ${outcomes.includes('decoded') ? 'decoded' : 'malformed'}`;
  };
  await fuzz({ name: 'otlp', inputs, attempt }, options);
}

function compare(
  blocks: Blocks,
  signal: Signal,
  contentType: OtlpContentType,
  body: Uint8Array,
  isCanary: boolean,
): string {
  blocks.clear();
  const receivedAtNs = BigInt(Date.now()) * 1_000_000n;
  // The planted bug: a decoder that ends behind the first resource.
  const seen = isCanary && contentType === 'protobuf' ? firstField(body) : body;
  const input = { signal, contentType, body: seen, receivedAtNs, ageDaysMax: ageDaysMax[signal] };
  const result = decodeInto(blocks, input);
  if (result.outcome !== 'decoded') return 'malformed';
  if (contentType === 'json' && repeatsKeys(Buffer.from(body).toString())) return 'decoded';
  const contents = readContents(signal, contentType, body);
  // Protobufjs is stricter about varints that are longer than they need to be; and what is left of
  // an item behind an id of a wrong length is skipped unread.
  if (contents === undefined && (result.rejected > 0 || hasLongVarint(body))) return 'decoded';
  const rows: Record<string, number> = {};
  for (const unit of blocks.encode(1n)) rows[unit.table] = (rows[unit.table] ?? 0) + unit.rows;
  const wanted = contents === undefined ? 'unreadable' : JSON.stringify(sorted(contents.rows));
  const given = JSON.stringify(sorted(pick(rows, contents?.rows ?? {})));
  if (wanted !== given || contents?.rejected !== result.rejected) {
    const found = `${given}, ${result.rejected} rejected`;
    throw new Error(`${signal} ${contentType}: ${found}; ${wanted}, ${contents?.rejected}`);
  }
  return 'decoded';
}

function hasLongVarint(body: Uint8Array): boolean {
  return /[\x80-\xff]{5}/.test(Buffer.from(body).toString('latin1'));
}

/** Of a key that comes twice `JSON.parse` knows the last only; the mapping does not say. */
function repeatsKeys(text: string): boolean {
  const colons = text.replaceAll(/"(?:\\.|[^"\\])*"/g, '').split(':').length - 1;
  let members = 0;
  try {
    JSON.parse(text.replace(/^\ufeff/, ''), function (this: unknown, key, value) {
      if (key !== '' && !Array.isArray(this)) members += 1;
      return value;
    });
  } catch {
    return false;
  }
  return colons !== members;
}

function firstField(body: Uint8Array): Uint8Array {
  const reader = protobuf.Reader.create(body);
  try {
    reader.skipType(reader.uint32() & 7);
  } catch {
    return body;
  }
  return body.subarray(0, reader.pos);
}

/** The tables of items: rollups are counted elsewhere. */
function pick(
  rows: Readonly<Record<string, number>>,
  like: Readonly<Record<string, number>>,
): Record<string, number> {
  const items = Object.entries(rows).filter(
    ([table]) => table in like || /^otel_(logs|metrics_\w+|traces)$/.test(table),
  );
  return Object.fromEntries(items);
}

function sorted(rows: Readonly<Record<string, number>>): readonly (readonly [string, number])[] {
  return Object.entries(rows).sort(([left], [right]) => (left < right ? -1 : 1));
}

function bodyOf(one: { readonly kind: string; readonly bytes?: Uint8Array }): readonly Buffer[] {
  if (one.bytes === undefined) return [];
  const bytes = Buffer.from(one.bytes);
  return [bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)];
}
