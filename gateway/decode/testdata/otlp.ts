/** OTLP as protobufjs sees it: the independent encoder and decoder of tests, benches and fuzzers. */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import type { Signal } from '../../answer.ts';

const descriptor = JSON.parse(readFileSync(new URL('otlp.json', import.meta.url), 'utf8'));

/** All OTLP messages, field names as in the `.proto` files. */
export const otlp = protobuf.Root.fromJSON(descriptor);

const names: Readonly<Record<Signal, string>> = {
  traces: 'opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest',
  logs: 'opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest',
  metrics: 'opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest',
};

/** The request message of a signal. */
export function requestType(signal: Signal): protobuf.Type {
  return otlp.lookupType(names[signal]);
}

/** Bytes of a request given as plain data, `.proto` field names. */
export function encodeRequest(signal: Signal, request: Record<string, unknown>): Uint8Array {
  const type = requestType(signal);
  return new Uint8Array(type.encode(type.fromObject(request)).finish());
}
