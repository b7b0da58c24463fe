/**
 * ServerToAgent of OpAMP. It has three fields of the message and no more: we never offer configs,
 * packages, connection settings or commands, so there is no code here that could write one.
 */
import { ProtobufWriter } from '../dogstatsd/protobuf-writer.ts';

/** `ServerCapabilities`: AcceptsStatus and AcceptsEffectiveConfig. */
const capabilities = 0x1 | 0x4;
/** `ServerToAgentFlags_ReportFullState`. */
const reportFullState = 0x1;

/** `ServerErrorResponseType`. */
const errorTypes = { bad_request: 1, unavailable: 2 } as const;
const nanosecondsPerSecond = 1_000_000_000;

/**
 * Section “ServerToAgent Message”.
 *
 * | field | number | wire type | from |
 * | --- | --- | --- | --- |
 * | instance_uid | 1 | bytes | the message |
 * | flags | 6 | uint64 | ReportFullState, when we lack what the agent said before |
 * | capabilities | 7 | uint64 | always the same |
 */
export function encodeAnswer(instanceUid: string, asksForAll: boolean): Uint8Array {
  const writer = new ProtobufWriter();
  writer.bytes(1, Buffer.from(instanceUid, 'hex'));
  if (asksForAll) writer.varint(6, reportFullState);
  writer.varint(7, capabilities);
  return writer.take();
}

/**
 * Section “ServerErrorResponse Message”, in field 2 of ServerToAgent.
 *
 * | field | number | wire type | from |
 * | --- | --- | --- | --- |
 * | type | 1 | enum | whether the same message can ever be taken |
 * | error_message | 2 | string | the reason |
 * | retry_info | 3 | RetryInfo | `retry_after_nanoseconds` 1, when it can |
 */
export function encodeErrorAnswer(
  type: keyof typeof errorTypes,
  message: string,
  retryAfterSeconds?: number,
): Uint8Array {
  const writer = new ProtobufWriter();
  const error = writer.begin(2);
  writer.varint(1, errorTypes[type]);
  writer.string(2, message);
  if (retryAfterSeconds !== undefined) {
    const retry = writer.begin(3);
    writer.varint(1, retryAfterSeconds * nanosecondsPerSecond);
    writer.end(retry);
  }
  writer.end(error);
  return writer.take();
}
