/**
 * Step 4 of the house: an inflated OTLP body goes into the columns of the open blocks, whole or
 * not at all. Pure: the same body and receive time give the same rows on any later day.
 *
 * Hot path. Allocations: one DataView and one result a request, none an item. Copies: one of each
 * value. Owner: the blocks. Watched by `decode.bench.ts`.
 */
import { isBlockFull } from '../../clickhouse/native/buffers.ts';
import { assertNever } from '../../core/assert.ts';
import type { Signal, Written } from '../answer.ts';
import type { Blocks } from './blocks.ts';
import type { Context } from './context.ts';
import type { DecodeInput, DecodeResult } from './decode-types.ts';
import { decodeLines, type LinesRead } from './influx/decode-lines.ts';
import { protobufOf, type Transcoded } from './json/transcode.ts';
import { decodeLogs } from './logs.ts';
import { decodeMetrics } from './metrics.ts';
import { decodeRemoteWrite, keepsTargetParameter } from './remote-write/message.ts';
import { decodeTraces } from './traces.ts';
import { releaseCore } from './wasm/core.ts';
import { isMalformed } from './wire.ts';

/** Of what is decoded as it is read. */
const unread: Transcoded = { body: new Uint8Array(0), warning: '' };

/** Decodes one request into `blocks`. After `malformed` and `full` they are as before. */
export function decodeInto(blocks: Blocks, input: DecodeInput): DecodeResult {
  let read: Transcoded = unread;
  try {
    if (input.contentType !== 'influx') read = protobufOf(input);
  } catch (error) {
    return resultOf(error);
  }
  const result = tryDecode(blocks, input, read);
  if (result.outcome !== 'full' || !blocks.isEmpty()) return result;
  // Nothing is open, so only buffers that other requests left behind can be in the way.
  blocks.release();
  return tryDecode(blocks, input, read);
}

function tryDecode(blocks: Blocks, input: DecodeInput, read: Transcoded): DecodeResult {
  const { context } = blocks;
  const { receivedAtNs, sampling, tenant = '' } = input;
  context.begin(receivedAtNs, ageNsMaxOf(blocks, input), blocks.aheadNsMax, sampling, tenant);
  try {
    const lines = decodeBody(blocks, input, read.body);
    blocks.repairRequest();
    blocks.counts.repeatedKeys += context.repeatedKeys;
    return {
      outcome: 'decoded',
      accepted: context.accepted,
      leftOut: context.keeper.leftOut,
      exempted: context.keeper.exempted,
      ...(lines !== undefined && { logRecords: lines.logRecords }),
      rejected: context.rejected + (lines?.rejected ?? 0),
      hasOwnTimes: context.untimed === 0,
      written: isRemoteWrite(input) ? writtenOf(context) : undefined,
      message: context.rejected > 0 ? context.reason : (lines?.message ?? read.warning),
    };
  } catch (error) {
    blocks.cutRequest();
    return resultOf(error);
  } finally {
    context.ownResource.release();
    context.scope.release();
    releaseCore();
  }
}

const nsPerDay = 86_400_000_000_000n;

function ageNsMaxOf(blocks: Blocks, { ageDaysMax = 0 }: DecodeInput): bigint {
  return ageDaysMax === 0 ? blocks.ageNsMax : BigInt(ageDaysMax) * nsPerDay;
}

/** What the bodies that cannot be decoded throw; anything else is a fault of ours. */
function resultOf(error: unknown): DecodeResult {
  if (isMalformed(error)) {
    return { outcome: 'malformed', message: error.message, offset: error.offset };
  }
  if (isBlockFull(error)) return { outcome: 'full' };
  throw error;
}

function isRemoteWrite({ contentType }: DecodeInput): boolean {
  return contentType === 'remote_write_1' || contentType === 'remote_write_2';
}

function writtenOf({ samples, histograms, exemplars }: Context): Written {
  return { samples, histograms, exemplars };
}

function decodeBody(blocks: Blocks, input: DecodeInput, body: Uint8Array): LinesRead | undefined {
  if (input.contentType === 'influx') return decodeLines(blocks, input);
  if (!isRemoteWrite(input)) {
    decodeSignal(blocks, input.signal, body);
    return undefined;
  }
  const source = plainBytes(body);
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  decodeRemoteWrite(blocks.metrics, blocks.context, source, view, {
    isV2: input.contentType === 'remote_write_2',
    keepsTarget: input.parameters === keepsTargetParameter,
  });
  return undefined;
}

function decodeSignal(blocks: Blocks, signal: Signal, body: Uint8Array): void {
  const { context } = blocks;
  const source = plainBytes(body);
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  switch (signal) {
    case 'traces':
      decodeTraces(blocks.traces, context, source, view);
      blocks.checkSpans();
      break;
    case 'logs':
      decodeLogs(blocks.logs, context, source, view);
      break;
    case 'metrics':
      decodeMetrics(blocks.metrics, context, source, view);
      break;
    default:
      assertNever(signal);
  }
}

/**
 * The bytes without the class that Node gave them. Compiled code checks the class of what it reads:
 * with `Buffer` from sockets and `Uint8Array` from everywhere else, each read would check for both.
 */
function plainBytes(body: Uint8Array): Uint8Array {
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
}
