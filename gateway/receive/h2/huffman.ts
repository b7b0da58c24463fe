/**
 * Huffman coding of header strings (RFC 7541, appendix B). The code is canonical: codes of one
 * length follow each other in the order of their symbols, so lengths alone give the table.
 *
 * Allocations: the string. Copies: none else. Watched by `receive.bench.ts`.
 */

// biome-ignore format: a table of 256 lengths
const bitLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
  7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21,
  23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24,
  21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

/** Nodes of the tree in pairs: a child's number, or the complement of a symbol. */
const nodes: Int16Array = buildTree();
const absent = 0;

/** Decodes `bytes[from..to)` as latin1; undefined when it is no valid coding. */
export function decodeHuffman(bytes: Uint8Array, from: number, to: number): string | undefined {
  let text = '';
  let node = 0;
  let depth = 0;
  let isOnes = true;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    for (let bit = 7; bit >= 0; bit -= 1) {
      const value = (byte >> bit) & 1;
      const next = nodes[node * 2 + value] ?? absent;
      depth += 1;
      isOnes &&= value === 1;
      if (next > 0) {
        node = next;
      } else {
        // No symbol ends here: the end-of-string code, which may not come (section 5.2).
        if (next === absent) return undefined;
        text += String.fromCharCode(~next);
        node = 0;
        depth = 0;
        isOnes = true;
      }
    }
  }
  // Padding is the beginning of the end-of-string code: fewer than eight ones.
  return depth < 8 && isOnes ? text : undefined;
}

function buildTree(): Int16Array {
  const tree = new Int16Array(2 * 512);
  let nodeCount = 1;
  let code = 0;
  let length = 0;
  const symbols = bitLengths.map((_, symbol) => symbol);
  symbols.sort((a, b) => (bitLengths[a] ?? 0) - (bitLengths[b] ?? 0) || a - b);
  for (const symbol of symbols) {
    const bits = bitLengths[symbol] ?? 0;
    code *= 2 ** (bits - length);
    length = bits;
    let node = 0;
    for (let bit = bits - 1; bit > 0; bit -= 1) {
      const place = node * 2 + ((code >> bit) & 1);
      if (tree[place] === 0) tree[place] = nodeCount++;
      node = tree[place] ?? 0;
    }
    tree[node * 2 + (code & 1)] = ~symbol;
    code += 1;
  }
  return tree;
}
