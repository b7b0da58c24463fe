/** Seeded damage to bytes: flips, cuts, copies and values that parsers trip over. */
import type { Random } from '../support/random.ts';

const changesMax = 5;
const trickyBytes = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x22, 0x5c, 0x7b];

export function mutate(body: Uint8Array, random: Random): Uint8Array {
  let bytes = Buffer.from(body);
  for (let left = 1 + random.below(changesMax); left > 0 && bytes.length > 0; left -= 1) {
    bytes = change(bytes, random);
  }
  return new Uint8Array(bytes);
}

function change(bytes: Buffer<ArrayBuffer>, random: Random): Buffer<ArrayBuffer> {
  const at = random.below(bytes.length);
  const other = at + random.below(Math.min(64, bytes.length - at) + 1);
  const before = bytes.subarray(0, at);
  switch (random.below(6)) {
    case 0:
      bytes[at] = random.below(256);
      return bytes;
    case 1:
      bytes[at] = trickyBytes[random.below(trickyBytes.length)] ?? 0;
      return bytes;
    case 2:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 3:
      return Buffer.concat([before, bytes.subarray(other)]);
    case 4:
      return Buffer.concat([before, bytes.subarray(at, other), bytes.subarray(at)]);
    default:
      return random.oneIn(4) ? Buffer.from(before) : bytes;
  }
}
