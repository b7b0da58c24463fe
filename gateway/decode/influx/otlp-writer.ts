/**
 * Lines as OTLP requests in protobuf: for log records, which go through OTLP's decoder, and for
 * whom rows are not the aim. Of metrics it says the same as `row-writer.ts`.
 *
 * Hot path of lines that become log records. Allocations per item: none; one string for an
 * unsigned beyond 2^63 - 1. Copies: one of each name and value. Owner: the texts are the sink's
 * until it returns. Watched by `influx.bench.ts`.
 */
import { Budget, putBytes, putLength, Text } from '../../../clickhouse/native/buffers.ts';
import { lengthSize } from '../../../clickhouse/native/utf8.ts';
import { fieldWords, kindString, type Line } from './line.ts';
import { LineResource } from './line-resource.ts';
import {
  fieldsEnd,
  infoField,
  isField,
  metricNameSize,
  putMeasurement,
  putMetricName,
} from './metric-names.ts';
import { inString, putName } from './names.ts';
import { kindDouble, kindUnsigned } from './numbers.ts';
import { OtlpEnvelope } from './otlp-envelope.ts';
import { Pairs } from './pairs.ts';
import type { InfluxParameters } from './parameters.ts';
import { addStrings, addUnsigned, unsignedAsDouble } from './unusual-pairs.ts';

/** Takes what was written: a whole request. */
export type PieceSink = (request: Text) => void;

/** What a core's cache holds beside the columns that it fills. */
const pieceBytes = 128 * 1024;
const scratchBytesMax = 2 ** 28 - 1;
const scratchBytesKept = 1024 * 1024;

const messageKey = new Uint8Array(Buffer.from('message'));
/** Of a time or a value, with its tag. */
const fixed64Bytes = 9;

export class OtlpWriter {
  /** Points or records since {@link begin}. */
  items = 0;
  readonly #envelope = new OtlpEnvelope();
  readonly #resource = new LineResource();
  /** The attributes of an item, encoded as fields of it. */
  readonly #attributes = new Text(new Budget(scratchBytesMax));
  readonly #moreAttributes = new Text(new Budget(scratchBytesMax));
  readonly #pairs = new Pairs();
  readonly #double = new DataView(new ArrayBuffer(8));
  #sink: PieceSink = () => {};

  /** Begins a body; `sink` is given what its lines become. */
  begin(parameters: InfluxParameters, sink: PieceSink): void {
    this.items = 0;
    this.#sink = sink;
    this.#resource.begin(parameters);
    this.#envelope.begin();
  }

  /** Gives the sink what it has not had. */
  flush(): void {
    this.#envelope.close();
    if (this.#envelope.text.size > 0) this.#sink(this.#envelope.text);
    this.#envelope.begin();
  }

  /** Forgets the body, and gives memory back that an unusual one needed. */
  release(): void {
    this.#sink = () => {};
    this.#resource.release();
    for (const text of [this.#attributes, this.#moreAttributes, this.#envelope.text]) {
      if (text.limit > scratchBytesKept) text.release();
    }
  }

  /** The points of a line: one a number, and one for the strings if `hasInfo`. */
  putPoints(line: Line, source: Uint8Array, view: DataView, hasInfo: boolean): void {
    const attributes = this.#attributes;
    const end = fieldsEnd(line);
    attributes.size = 0;
    line.tags.encode(attributes, 0x3a, source, view);
    for (let field = 0; field < end; field += fieldWords) {
      const kind = line.fields[field + 3]!;
      if (kind === kindString) continue;
      if (kind === kindUnsigned) this.#putUnsigned(line, source, view, field);
      else {
        const low = line.fields[field + 4]!;
        const high = line.fields[field + 5]!;
        this.#putPoint(line, source, view, field, kind === kindDouble, low, high, attributes);
      }
    }
    if (!hasInfo) return;
    addStrings(this.#pairs, line, source, -1);
    this.#encodePairs(0x3a, source, view);
    this.#putPoint(line, source, view, infoField, false, 1, 0, this.#moreAttributes);
  }

  /** The log record of a line: its body is the field `message`, else the first string. */
  putRecord(line: Line, source: Uint8Array, view: DataView): void {
    const body = bodyField(line, source);
    const { fields } = line;
    addStrings(this.#pairs, line, source, body);
    this.#encodePairs(0x32, source, view);
    const attributes = this.#moreAttributes;
    const bodyStart = fields[body + 4]!;
    const bodyEnd = fields[body + 5]!;
    const bodyDropped = fields[body + 6]!;
    const bodySize = bodyEnd - bodyStart - bodyDropped;
    const anySize = 1 + lengthSize(bodySize) + bodySize;
    const nameSize = line.measurementEnd - line.measurementStart - line.measurementDropped;
    const headSize = (line.hasTime ? fixed64Bytes : 0) + 1 + lengthSize(anySize) + anySize;
    const size = headSize + attributes.size + 1 + lengthSize(nameSize) + nameSize;
    const text = this.#beginItem(line, source, view, size);
    if (line.hasTime) putFixed64(text, 0x09, line.timeLow, line.timeHigh);
    text.bytes[text.size++] = 0x2a;
    putLength(text, anySize);
    text.bytes[text.size++] = 0x0a;
    putLength(text, bodySize);
    putName(text, source, view, bodyStart, bodyEnd, bodyDropped, inString);
    putBytes(text, attributes.bytes, attributes.view, 0, attributes.size);
    text.bytes[text.size++] = 0x62;
    putLength(text, nameSize);
    putMeasurement(text, line, source, view);
    this.#endItem(text);
  }

  /** No column holds it exactly, so its digits become an attribute. */
  #putUnsigned(line: Line, source: Uint8Array, view: DataView, field: number): void {
    addUnsigned(this.#pairs, line, source, field);
    this.#encodePairs(0x3a, source, view);
    const double = this.#double;
    double.setFloat64(0, unsignedAsDouble(line, source, field), true);
    const low = double.getInt32(0, true);
    const high = double.getInt32(4, true);
    this.#putPoint(line, source, view, field, true, low, high, this.#moreAttributes);
  }

  #encodePairs(tag: number, source: Uint8Array, view: DataView): void {
    this.#moreAttributes.size = 0;
    this.#pairs.encode(this.#moreAttributes, tag, source, view);
  }

  /** A Metric with one point of a gauge; its sizes are known before the first byte. */
  #putPoint(
    line: Line,
    source: Uint8Array,
    view: DataView,
    field: number,
    isDouble: boolean,
    low: number,
    high: number,
    attributes: Text,
  ): void {
    const nameSize = metricNameSize(line, source, field);
    const pointSize = fixed64Bytes * (line.hasTime ? 2 : 1) + attributes.size;
    const gaugeSize = 1 + lengthSize(pointSize) + pointSize;
    const metricSize = 2 + lengthSize(nameSize) + nameSize + lengthSize(gaugeSize) + gaugeSize;
    const text = this.#beginItem(line, source, view, metricSize);
    text.bytes[text.size++] = 0x0a;
    putLength(text, nameSize);
    putMetricName(text, line, source, view, field);
    text.bytes[text.size++] = 0x2a;
    putLength(text, gaugeSize);
    text.bytes[text.size++] = 0x0a;
    putLength(text, pointSize);
    if (line.hasTime) putFixed64(text, 0x19, line.timeLow, line.timeHigh);
    putFixed64(text, isDouble ? 0x21 : 0x31, low, high);
    putBytes(text, attributes.bytes, attributes.view, 0, attributes.size);
    this.#endItem(text);
  }

  /** Begins an item of `size` bytes in the resource of its line. */
  #beginItem(line: Line, source: Uint8Array, view: DataView, size: number): Text {
    this.#resource.enter(line, source, view);
    this.#envelope.enter(this.#resource.text, this.#resource.serial);
    const { text } = this.#envelope;
    text.reserve(size + 8);
    text.bytes[text.size++] = 0x12;
    putLength(text, size);
    return text;
  }

  #endItem(text: Text): void {
    this.items += 1;
    if (text.size >= pieceBytes) this.flush();
  }
}

function putFixed64(text: Text, tag: number, low: number, high: number): void {
  const at = text.size;
  text.bytes[at] = tag;
  text.view.setInt32(at + 1, low, true);
  text.view.setInt32(at + 5, high, true);
  text.size = at + fixed64Bytes;
}

/** The place of the field that is a record's body. */
function bodyField(line: Line, source: Uint8Array): number {
  let first = -1;
  const end = fieldsEnd(line);
  for (let field = 0; field < end; field += fieldWords) {
    if (line.fields[field + 3] !== kindString) continue;
    if (isField(line, source, field, messageKey)) return field;
    if (first < 0) first = field;
  }
  return first;
}
