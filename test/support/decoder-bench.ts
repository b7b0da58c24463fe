/** What a decoder costs: from bytes to the columns of open blocks, and from these to units. */
import { type Blocks, createOpenBlocks } from '../../gateway/decode/blocks.ts';
import { cpuUsSince, median, printLine, rounded } from './figures.ts';

const runCount = 5;

export type DecoderCase = {
  readonly bench: string;
  readonly unit: string;
  readonly bodies: readonly Uint8Array[];
  readonly itemsPerBody: number;
  /** How many bodies of each run, and after how many the blocks are encoded. */
  readonly bodyCount: number;
  readonly bodiesPerSeal: number;
  /** Decodes a body; how many items it gave. Throws when it does not take it. */
  readonly decode: (blocks: Blocks, body: Uint8Array) => number;
};

/**
 * Prints CPU-seconds per million items: a line for decoding, one (`-encode`) for encoding. Warm:
 * the first run is thrown away.
 */
export function benchDecoder(one: DecoderCase, json: boolean): void {
  measure(one);
  const runs = Array.from({ length: runCount }, () => measure(one));
  const bytesPerItem = Math.round(one.bodies[0]!.length / one.itemsPerBody);
  for (const [suffix, pick] of [
    ['', 0],
    ['-encode', 1],
  ] as const) {
    const values = runs.map((pair) => pair[pick]);
    const bench = one.bench + suffix;
    const line = { bench, value: median(values), unit: one.unit, bytesPerItem, runs: values };
    printLine(json, line);
  }
}

/** CPU-seconds per million items to decode, and to encode. */
function measure({ bodies, bodyCount, bodiesPerSeal, decode }: DecoderCase): [number, number] {
  const blocks = createOpenBlocks();
  let decodeUs = 0;
  let encodeUs = 0;
  let items = 0;
  for (let done = 0; done < bodyCount; done += bodiesPerSeal) {
    let start = process.cpuUsage();
    for (let index = 0; index < bodiesPerSeal; index += 1) {
      items += decode(blocks, bodies[(done + index) % bodies.length]!);
    }
    decodeUs += cpuUsSince(start);
    start = process.cpuUsage();
    blocks.encode(1n);
    encodeUs += cpuUsSince(start);
    blocks.clear();
  }
  return [rounded(decodeUs / items), rounded(encodeUs / items)];
}
