/** A protobuf request as OTLP/JSON, by protobufjs and the descriptors: for tests. */
import protobuf from 'protobufjs';
import type { Signal } from '../../answer.ts';
import { requestType } from './otlp.ts';

/** The JSON document of a request; 64-bit numbers as strings, ids in hexadecimal. */
export function toOtlpJson(signal: Signal, body: Uint8Array): string {
  const type = requestType(signal);
  const request = type.toObject(type.decode(body), { longs: String });
  return JSON.stringify(jsonOf(type, request));
}

function jsonOf(type: protobuf.Type, value: Record<string, unknown>): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const field = type.fields[name]!.resolve();
    const key = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    made[key] = Array.isArray(member)
      ? member.map((one) => fieldJson(field, one))
      : fieldJson(field, member);
  }
  return made;
}

function fieldJson(field: protobuf.Field, value: unknown): unknown {
  if (field.resolvedType instanceof protobuf.Type) {
    return jsonOf(field.resolvedType, value as Record<string, unknown>);
  }
  if (field.type === 'bytes') {
    const isId = field.name.endsWith('_id');
    return Buffer.from(value as Uint8Array).toString(isId ? 'hex' : 'base64');
  }
  if (typeof value !== 'number') return value;
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? value : String(value);
}
