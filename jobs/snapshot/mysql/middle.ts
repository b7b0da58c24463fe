/** Guesses at the middle of two keys. */
import type { SourceKind } from './types.ts';

/** Bytes that are looked at after what both have in common. */
const windowSize = 6;
/** What keys that can be printed are made of, in the order of their bytes. */
const letters = Buffer.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz');
const hexLetters = Buffer.from('0123456789abcdef');

/**
 * Halfway from `low` to `high`, in a form the server compares; undefined where there is no guess.
 * Texts and bytes: as numbers to the base of their alphabet, from the first byte that differs.
 */
export function middleOf(
  kind: SourceKind,
  low: Buffer,
  high: Buffer,
  isCaseInsensitive: boolean,
): Buffer | undefined {
  if (kind === 'integer') {
    const [from, to] = [BigInt(low.toString('latin1')), BigInt(high.toString('latin1'))];
    return from >= to ? undefined : Buffer.from(String(from + (to - from + 1n) / 2n));
  }
  if (kind === 'bytes') return between(low, high, undefined);
  // Dates, decimals, addresses and MariaDB's UUIDs, which it orders by their parts: counted.
  if (kind !== 'text') return undefined;
  if (![...low, ...high].every((byte) => letters.includes(byte) || byte === 0x2d)) return undefined;
  const isHex = [...low, ...high].every((byte) => hexLetters.includes(byte) || byte === 0x2d);
  if (isHex) return between(low, high, hexLetters);
  const folded = (bytes: Buffer): Buffer =>
    isCaseInsensitive ? Buffer.from(bytes.toString('latin1').toUpperCase(), 'latin1') : bytes;
  return between(folded(low), folded(high), letters);
}

function between(low: Buffer, high: Buffer, alphabet: Buffer | undefined): Buffer | undefined {
  let shared = 0;
  while (shared < low.length && shared < high.length && low[shared] === high[shared]) shared += 1;
  const base = alphabet?.length ?? 256;
  const numberOf = (bytes: Buffer): number => {
    let value = 0;
    for (let at = shared; at < shared + windowSize; at += 1) {
      const byte = bytes[at];
      const digit = byte === undefined ? 0 : Math.max(alphabet?.indexOf(byte) ?? byte, 0);
      value = value * base + digit;
    }
    return value;
  };
  const [from, to] = [numberOf(low), numberOf(high)];
  if (from >= to) return undefined;
  let rest = Math.ceil((from + to) / 2);
  const digits = Buffer.alloc(windowSize);
  for (let at = windowSize - 1; at >= 0; at -= 1) {
    const digit = rest % base;
    digits[at] = alphabet?.[digit] ?? digit;
    rest = Math.floor(rest / base);
  }
  return Buffer.concat([low.subarray(0, shared), digits]);
}
