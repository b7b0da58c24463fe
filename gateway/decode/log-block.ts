/**
 * The open block of `otel_logs` for one day: its columns by field, as the log decoder writes them.
 *
 * Hot path by its users. Allocations per item: none. Copies: none. Owner: the lane. Watched by
 * `decode.bench.ts`.
 */
import type { Fixed, Text } from '../../clickhouse/native/buffers.ts';
import type { LowCardinalityColumn, MapColumn } from '../../clickhouse/native/columns.ts';
import { logs } from '../../clickhouse/schema/logs.ts';
import { type BlockOptions, SignalBlock } from './signal-block.ts';

/** SeverityText of records that have a number only; each severity has four numbers. */
export const severities: readonly string[] = [
  'TRACE',
  'DEBUG',
  'INFO',
  'WARN',
  'ERROR',
  'FATAL',
].flatMap((name) => [name, `${name}2`, `${name}3`, `${name}4`]);

export class LogBlock extends SignalBlock {
  readonly traceId: Text;
  readonly spanId: Text;
  readonly traceFlags: Fixed;
  readonly severityText: LowCardinalityColumn;
  readonly severityNumber: Fixed;
  readonly body: Text;
  readonly attributes: MapColumn;
  readonly eventName: Text;
  readonly observed: Fixed;
  readonly flags: Fixed;
  readonly bodyType: Fixed;
  readonly droppedAttributes: Fixed;

  constructor(options: BlockOptions) {
    super(logs, 'Timestamp', options, () => ({}));
    this.traceId = this.text('TraceId').text;
    this.spanId = this.text('SpanId').text;
    this.traceFlags = this.fixed('TraceFlags');
    this.severityText = this.lowCardinality('SeverityText');
    this.severityNumber = this.fixed('SeverityNumber');
    this.body = this.text('Body').text;
    this.attributes = this.map('LogAttributes');
    this.eventName = this.text('EventName').text;
    this.observed = this.fixed('ObservedTimestamp');
    this.flags = this.fixed('LogFlags');
    this.bodyType = this.fixed('BodyType');
    this.droppedAttributes = this.fixed('DroppedAttributesCount');
  }
}
