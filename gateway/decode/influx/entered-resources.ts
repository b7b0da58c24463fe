/**
 * The resources of the lines of one body in the blocks they are in: what a batch brings from a
 * hundred hosts in turn is not decoded again with each line. A table in which a resource has one
 * place, where the latest one stays; what is not found is decoded.
 *
 * Hot path. Allocations per item: none. Copies: none. Owner: the writer, for one body. Watched by
 * `influx.bench.ts`.
 */
import type { Context } from '../context.ts';
import type { NumberBlock } from '../metric-blocks.ts';
import type { Line } from './line.ts';
import { LineResource } from './line-resource.ts';
import type { InfluxParameters } from './parameters.ts';
import { ResourceTags } from './resource-tags.ts';

const placesMax = 256;

class Place {
  readonly tags = new ResourceTags();
  /** The body in which it was entered; places are never emptied. */
  body = 0;
  block: NumberBlock | undefined;
  /** Its number in the block. */
  entry = 0;
}

export class EnteredResources {
  readonly #places = Array.from({ length: placesMax }, () => new Place());
  readonly #resource = new LineResource();
  #body = 0;
  #block: NumberBlock | undefined;
  /** Whether the context's text is that of an earlier resource. */
  #isStale = false;

  begin(parameters: InfluxParameters): void {
    this.#resource.begin(parameters);
    this.#body += 1;
    this.#block = undefined;
    this.#isStale = false;
  }

  release(): void {
    this.#resource.release();
    const last = this.#body;
    this.#block = undefined;
    // Blocks that are given up shall not live on here.
    for (const place of this.#places) if (place.body === last) place.block = undefined;
  }

  /** The context has had another resource since. */
  forget(): void {
    this.#resource.forget();
  }

  /** Readies `block` for `rows` rows of the line's resource. */
  beginRows(
    block: NumberBlock,
    context: Context,
    line: Line,
    source: Uint8Array,
    view: DataView,
    rows: number,
  ): void {
    const isOther = !this.#resource.isOf(line, source);
    if (!isOther && (block === this.#block || !this.#isStale)) {
      this.#block = block;
      block.beginRows(context, rows);
      return;
    }
    const place = this.#places[line.resource.hash(source) & (placesMax - 1)]!;
    this.#block = block;
    if (
      place.body === this.#body &&
      place.block === block &&
      place.tags.equals(line.resource, source)
    ) {
      this.#resource.suppose(line);
      this.#isStale = true;
      context.resource.serial += 1;
      block.enterAgain(context, place.entry);
      block.beginRows(context, rows);
      return;
    }
    this.#resource.write(line, source, view);
    this.#isStale = false;
    const { text } = this.#resource;
    context.resource.take(text.bytes, text.view, 0, text.size);
    context.scope.take(text.bytes, text.view, 0, 0);
    block.beginRows(context, rows);
    place.tags.copyFrom(line.resource);
    place.body = this.#body;
    place.block = block;
    place.entry = block.resourceEntry;
  }
}
