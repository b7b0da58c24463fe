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
import { SeenTags } from './resource-tags.ts';

/** A power of two. */
const placesMax = 1024;

export class EnteredResources {
  readonly #resource = new LineResource();
  /** Blocks of this body; places say by number which is theirs. */
  readonly #blocks: NumberBlock[] = [];
  /** By place: the body in which a resource was entered, its block, and its number there. */
  readonly #bodies = new Int32Array(placesMax);
  readonly #blockOf = new Int32Array(placesMax);
  readonly #entries = new Int32Array(placesMax);
  readonly #tags = new SeenTags(placesMax);
  #body = 0;
  #block = -1;
  /** Whether the context's text is that of an earlier resource. */
  #isStale = false;

  begin(parameters: InfluxParameters): void {
    this.#resource.begin(parameters);
    this.#body = (this.#body + 1) | 0;
    this.#block = -1;
    this.#isStale = false;
  }

  /** Blocks that are given up shall not live on here. */
  release(): void {
    this.#resource.release();
    this.#blocks.length = 0;
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
    const isElsewhere = this.#block < 0 || this.#blocks[this.#block] !== block;
    if (isElsewhere) this.#block = this.#numberOf(block);
    if (isOther || (isElsewhere && this.#isStale)) this.#enter(block, context, line, source, view);
    block.beginRows(context, rows);
  }

  #enter(
    block: NumberBlock,
    context: Context,
    line: Line,
    source: Uint8Array,
    view: DataView,
  ): void {
    const first = line.resource.hash(source) & (placesMax - 1);
    // Two places a hash: a hundred hosts would often share one.
    let place = first;
    for (let probe = 0; probe < 2; probe += 1, place ^= 1) {
      if (this.#bodies[place] !== this.#body) break;
      if (this.#blockOf[place] !== this.#block) continue;
      if (!this.#tags.equal(place, line.resource, source)) continue;
      this.#resource.suppose(line);
      this.#isStale = true;
      context.resource.renew();
      block.enterAgain(context, this.#entries[place]!);
      return;
    }
    this.#resource.write(line, source, view);
    this.#isStale = false;
    const { text } = this.#resource;
    context.resource.take(text.bytes, text.view, 0, text.size);
    context.scope.take(text.bytes, text.view, 0, 0);
    // Entered by now, because its number is remembered.
    block.beginRows(context, 0);
    this.#tags.keep(place, line.resource);
    this.#bodies[place] = this.#body;
    this.#blockOf[place] = this.#block;
    this.#entries[place] = block.resourceEntry;
  }

  #numberOf(block: NumberBlock): number {
    const known = this.#blocks.indexOf(block);
    return known >= 0 ? known : this.#blocks.push(block) - 1;
  }
}
