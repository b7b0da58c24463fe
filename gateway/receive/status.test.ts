import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import protobufjs from 'protobufjs';
import { encodeGrpcMessage, encodeStatus, encodeStored } from './status.ts';

/** A decoder that is not ours. */
const oracle = protobufjs.parse(`
  syntax = "proto3";
  message Response { Partial partial_success = 1; }
  message Partial { int64 rejected = 1; string error_message = 2; }
  message Status { int32 code = 1; string message = 2; }
`).root;

function decode(type: string, bytes: Uint8Array): Record<string, unknown> {
  const message = oracle.lookupType(type);
  return message.toObject(message.decode(bytes), { longs: Number, defaults: true });
}

const message = fc.string({ unit: 'grapheme', maxLength: 200 });

describe('answers as bytes', () => {
  it('say in protobuf and JSON the same count and message', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), message, (rejected, text) => {
        fc.pre(rejected > 0);
        const expected = { rejected, errorMessage: text };
        const binary = encodeStored('traces', 'protobuf', rejected, text);
        expect(decode('Response', binary)['partialSuccess']).toEqual(expected);
        const json = JSON.parse(encodeStored('traces', 'json', rejected, text).toString());
        expect(json).toEqual({
          partialSuccess: { rejectedSpans: String(rejected), errorMessage: text },
        });
      }),
    );
  });

  it('carry a status that any decoder reads', () => {
    fc.assert(
      fc.property(message, (text) => {
        const bytes = encodeStatus({ code: 14, message: text, retryAfterSeconds: 300 }, 'protobuf');
        expect(decode('Status', bytes)).toEqual({ code: 14, message: text });
      }),
    );
  });

  it('put a message into headers so that it comes out again', () => {
    fc.assert(
      fc.property(message, (text) => {
        const encoded = encodeGrpcMessage(text);
        expect(encoded).toMatch(/^[ -~]*$/);
        expect(decodeURIComponent(encoded)).toBe(text);
      }),
    );
  });

  it('are cut between characters, never within one', () => {
    const encoded = encodeGrpcMessage('😀'.repeat(2000));
    expect(decodeURIComponent(encoded)).toMatch(/^(😀)+\uFFFD?…$/u);
    expect(encoded.length).toBeLessThan(8_000);
  });
});
