/**
 * The streams that ended last: frames that were under way when we reset a stream are thrown away,
 * the same frames on one that had ended are a fault of the peer.
 */
const rememberedMax = 256;

export class ClosedStreams {
  readonly #ids: Int32Array = new Int32Array(rememberedMax);
  readonly #wasReset: Uint8Array = new Uint8Array(rememberedMax);
  #next = 0;

  add(id: number, wasReset: boolean): void {
    this.#ids[this.#next] = id;
    this.#wasReset[this.#next] = wasReset ? 1 : 0;
    this.#next = (this.#next + 1) % rememberedMax;
  }

  /** Undefined: never open, or so long ago that it is forgotten. */
  find(id: number): 'reset' | 'ended' | undefined {
    const place = this.#ids.lastIndexOf(id);
    if (place < 0) return undefined;
    return this.#wasReset[place] === 1 ? 'reset' : 'ended';
  }
}
