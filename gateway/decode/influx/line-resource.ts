/**
 * The resource of a line in protobuf: its resource tags, and where InfluxDB would have put the
 * request. Lines of one sender mostly have the same, so it is written when it changes.
 *
 * Hot path. Allocations per item: none. Copies: one of each value of a new resource. Owner: the
 * writer, until the next one. Watched by `influx.bench.ts`.
 */
import { Budget, putBytes, putLength, Text } from '../../../clickhouse/native/buffers.ts';
import { encodePlace } from './key-values.ts';
import type { Line } from './line.ts';
import { type InfluxParameters, readParameters } from './parameters.ts';
import { ResourceTags } from './resource-tags.ts';

const bytesMax = 2 ** 28 - 1;
const bytesKept = 1024 * 1024;

export class LineResource {
  /** The message, with the tag and length it has in an envelope. */
  readonly text = new Text(new Budget(bytesMax));
  /** Changes with it. */
  serial = 0;
  readonly #message = new Text(new Budget(bytesMax));
  readonly #place = new Text(new Budget(bytesMax));
  readonly #tags = new ResourceTags();
  #parameters: InfluxParameters = readParameters('');
  #isKnown = false;

  /** Begins a body. */
  begin(parameters: InfluxParameters): void {
    this.forget();
    if (parameters === this.#parameters) return;
    this.#parameters = parameters;
    this.#place.size = 0;
    encodePlace(this.#place, parameters);
  }

  forget(): void {
    this.#isKnown = false;
  }

  release(): void {
    if (this.text.limit > bytesKept) this.text.release();
    if (this.#message.limit > bytesKept) this.#message.release();
  }

  /** Makes it that of `line`; returns whether it is another one than before. */
  enter(line: Line, source: Uint8Array, view: DataView): boolean {
    if (this.isOf(line, source)) return false;
    this.write(line, source, view);
    return true;
  }

  /** Whether it is the one of `line`. */
  isOf(line: Line, source: Uint8Array): boolean {
    return this.#isKnown && line.resource.equals(this.#tags, source);
  }

  /** Makes it that of `line`, without its text: whoever needs that must write it. */
  suppose(line: Line): void {
    this.#tags.copyFrom(line.resource);
    this.#isKnown = true;
  }

  write(line: Line, source: Uint8Array, view: DataView): void {
    const message = this.#message;
    message.size = 0;
    line.resource.encode(message, this.#place.bytes.subarray(0, this.#place.size), source, view);
    const { text } = this;
    text.size = 0;
    text.reserve(message.size + 8);
    text.bytes[text.size++] = 0x0a;
    putLength(text, message.size);
    putBytes(text, message.bytes, message.view, 0, message.size);
    this.suppose(line);
    this.serial += 1;
  }
}
