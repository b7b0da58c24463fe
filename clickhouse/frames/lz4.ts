/**
 * LZ4 block decompression: no allocation, every length checked before it is used. The caller
 * knows the size of the result (ClickHouse's frames say it) and passes the buffer.
 */

/** Fills `output` from the LZ4 block `input`; false when the block is not valid for that size. */
export function decompressLz4(input: Uint8Array, output: Uint8Array): boolean {
  const inputEnd = input.length;
  const outputEnd = output.length;
  let from = 0;
  let to = 0;
  while (from < inputEnd) {
    const token = input[from] as number;
    from += 1;
    let literals = token >> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255) {
        if (from >= inputEnd) return false;
        more = input[from] as number;
        from += 1;
        literals += more;
      }
    }
    if (literals > inputEnd - from || literals > outputEnd - to) return false;
    if (literals > copyInPlaceMax) {
      output.set(input.subarray(from, from + literals), to);
      from += literals;
      to += literals;
    } else {
      for (let left = literals; left > 0; left -= 1) output[to++] = input[from++] as number;
    }
    // The last sequence is literals only.
    if (from === inputEnd) return to === outputEnd;
    if (inputEnd - from < 2) return false;
    const distance = (input[from] as number) | ((input[from + 1] as number) << 8);
    from += 2;
    if (distance === 0 || distance > to) return false;
    let length = token & 15;
    if (length === 15) {
      let more = 255;
      while (more === 255) {
        if (from >= inputEnd) return false;
        more = input[from] as number;
        from += 1;
        length += more;
      }
    }
    length += 4;
    if (length > outputEnd - to) return false;
    if (distance >= length && length > copyInPlaceMax) {
      output.copyWithin(to, to - distance, to - distance + length);
      to += length;
    } else {
      // Overlapping on purpose: a short distance repeats what has just been written.
      let source = to - distance;
      for (let left = length; left > 0; left -= 1) output[to++] = output[source++] as number;
    }
  }
  return outputEnd === 0 && inputEnd === 0;
}

/** Below this a byte loop is faster than a call that moves memory. */
const copyInPlaceMax = 32;
