/**
 * An OTLP request of one signal while it is written: a resource and its one scope are open, and
 * items go in behind each other. Their lengths are known only when they close, so these are
 * varints of four bytes.
 *
 * Hot path. Allocations per item: none. Copies: one of a resource. Owner: the writer, until the
 * request is begun again. Watched by `influx.bench.ts`.
 */
import { Budget, putBytes, Text } from '../../../clickhouse/native/buffers.ts';

/** One line gives at most as many attributes as InfluxDB allows, and they come with each item. */
const bytesMax = 2 ** 28 - 1;
const lengthBytes = 4;

export class OtlpEnvelope {
  readonly text = new Text(new Budget(bytesMax));
  #resourceSerial = -1;
  #resourceAt = 0;
  #scopeAt = 0;

  /** Begins a request without items. */
  begin(): void {
    this.text.size = 0;
    this.#resourceSerial = -1;
  }

  /** Items belong to `resource` now, which has its tag and length; `serial` changes with it. */
  enter(resource: Text, serial: number): void {
    if (this.#resourceSerial === serial) return;
    this.close();
    const { text } = this;
    text.reserve(resource.size + 32);
    this.#resourceAt = this.#openMessage(0x0a);
    putBytes(text, resource.bytes, resource.view, 0, resource.size);
    this.#scopeAt = this.#openMessage(0x12);
    this.#resourceSerial = serial;
  }

  /** Ends what is open: the text is a whole request now. */
  close(): void {
    if (this.#resourceSerial < 0) return;
    this.#closeMessage(this.#scopeAt);
    this.#closeMessage(this.#resourceAt);
    this.#resourceSerial = -1;
  }

  #openMessage(tag: number): number {
    const { text } = this;
    text.bytes[text.size] = tag;
    text.size += 1 + lengthBytes;
    return text.size;
  }

  #closeMessage(start: number): void {
    const { bytes, size } = this.text;
    const length = size - start;
    for (let index = 0; index < lengthBytes; index += 1) {
      const more = index < lengthBytes - 1 ? 0x80 : 0;
      bytes[start - lengthBytes + index] = ((length >>> (7 * index)) & 0x7f) | more;
    }
  }
}
