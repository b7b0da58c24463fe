/**
 * The open block of `otel_traces` for one day: its columns by field, as the span decoder writes
 * them.
 *
 * Hot path by its users. Allocations per item: none. Copies: none. Owner: the lane. Watched by
 * `decode.bench.ts`.
 */
import type { Fixed, Level, Text } from '../../clickhouse/native/buffers.ts';
import {
  FixedColumn,
  LowCardinalityColumn,
  MapColumn,
  NamedColumn,
  type Offsets,
  TextColumn,
} from '../../clickhouse/native/columns.ts';
import { traces } from '../../clickhouse/schema/traces.ts';
import { assert } from '../../core/assert.ts';
import { type BlockOptions, SignalBlock } from './signal-block.ts';

/** Names of Span.SpanKind by number; what is not known counts as unspecified. */
export const spanKinds = [
  'Unspecified',
  'Internal',
  'Server',
  'Client',
  'Producer',
  'Consumer',
] as const;

/** Names of Status.StatusCode by number; what is not known counts as unset. */
export const statusCodes = ['Unset', 'Ok', 'Error'] as const;

/** Bytes of an id as a Native string: the length, then hexadecimal digits. */
export const traceIdStride = 33;
export const spanIdStride = 17;

/** Elements of one Nested with attributes: events or links. */
export type Elements = {
  readonly level: Level;
  readonly offsets: Offsets;
  readonly attributes: MapColumn;
};

/** Spans that have no row and are counted by the rollups all the same. */
export type LeftOut = {
  readonly level: Level;
  readonly time: Fixed;
  /** Which resource of the block it is. */
  readonly resource: Fixed;
  /** Index in the dictionary of the block's span names. */
  readonly name: Fixed;
  readonly kind: Fixed;
  readonly status: Fixed;
  readonly duration: Fixed;
};

export class TraceBlock extends SignalBlock {
  readonly leftOut: LeftOut;
  readonly traceId: Fixed;
  readonly spanId: Fixed;
  readonly parentSpanId: Text;
  readonly traceState: Text;
  readonly spanName: LowCardinalityColumn;
  readonly spanKind: Fixed;
  readonly attributes: MapColumn;
  readonly duration: Fixed;
  readonly statusCode: Fixed;
  readonly statusMessage: Text;
  readonly flags: Fixed;
  readonly droppedAttributes: Fixed;
  readonly droppedEvents: Fixed;
  readonly droppedLinks: Fixed;
  readonly events: Elements;
  readonly eventTime: Fixed;
  readonly eventName: LowCardinalityColumn;
  readonly eventDropped: Fixed;
  readonly links: Elements;
  readonly linkTraceId: Text;
  readonly linkSpanId: Text;
  readonly linkTraceState: Text;
  readonly linkDropped: Fixed;
  readonly linkFlags: Fixed;

  constructor(options: BlockOptions) {
    let leftOut: LeftOut | undefined;
    super(traces, 'Timestamp', options, (parts, rows) => {
      leftOut = createLeftOut(parts.level(false));
      return {
        TraceId: new FixedColumn('String', rows, traceIdStride),
        SpanId: new FixedColumn('String', rows, spanIdStride),
        SpanKind: new NamedColumn(rows, spanKinds),
        StatusCode: new NamedColumn(rows, statusCodes),
      };
    });
    assert(leftOut !== undefined, 'the parts of a block to be made with it');
    this.leftOut = leftOut;
    this.traceId = this.fixed('TraceId');
    this.spanId = this.fixed('SpanId');
    this.parentSpanId = this.text('ParentSpanId').text;
    this.traceState = this.text('TraceState').text;
    this.spanName = this.lowCardinality('SpanName');
    this.spanKind = this.#named('SpanKind');
    this.attributes = this.map('SpanAttributes');
    this.duration = this.fixed('Duration');
    this.statusCode = this.#named('StatusCode');
    this.statusMessage = this.text('StatusMessage').text;
    this.flags = this.fixed('SpanFlags');
    this.droppedAttributes = this.fixed('DroppedAttributesCount');
    this.droppedEvents = this.fixed('DroppedEventsCount');
    this.droppedLinks = this.fixed('DroppedLinksCount');
    this.events = this.#elements('Events');
    this.eventTime = elementFixed(this, 'Events.Timestamp');
    const eventName = this.array('Events.Name').elements;
    assert(eventName instanceof LowCardinalityColumn, 'event names of low cardinality');
    this.eventName = eventName;
    this.eventDropped = elementFixed(this, 'EventsDroppedAttributesCount');
    this.links = this.#elements('Links');
    this.linkTraceId = elementText(this, 'Links.TraceId');
    this.linkSpanId = elementText(this, 'Links.SpanId');
    this.linkTraceState = elementText(this, 'Links.TraceState');
    this.linkDropped = elementFixed(this, 'LinksDroppedAttributesCount');
    this.linkFlags = elementFixed(this, 'LinksFlags');
  }

  override isEmpty(): boolean {
    return this.rows.count === 0 && this.leftOut.level.count === 0;
  }

  #named(name: string): Fixed {
    const column = this.column(name);
    assert(column instanceof NamedColumn, `${name} to have fixed names`);
    return column.values;
  }

  #elements(group: string): Elements {
    const { offsets, elements } = this.array(`${group}.Attributes`);
    assert(elements instanceof MapColumn, `${group}.Attributes to be maps`);
    return { level: elements.offsets.level, offsets, attributes: elements };
  }
}

function createLeftOut(level: Level): LeftOut {
  return {
    level,
    time: level.fixed(8),
    resource: level.fixed(4),
    name: level.fixed(4),
    kind: level.fixed(1),
    status: level.fixed(1),
    duration: level.fixed(8),
  };
}

/** The elements of an array column of fixed width. */
export function elementFixed(block: SignalBlock, name: string): Fixed {
  const { elements } = block.array(name);
  assert(elements instanceof FixedColumn, `${name} to have elements of fixed width`);
  return elements.values;
}

/** The elements of an array column of strings. */
export function elementText(block: SignalBlock, name: string): Text {
  const { elements } = block.array(name);
  assert(elements instanceof TextColumn, `${name} to have strings`);
  return elements.text;
}
