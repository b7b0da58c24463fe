/** A small seeded generator: the same seed gives the same numbers on every machine. */
export type Random = {
  /** An integer in `[0, bound)`. */
  readonly below: (bound: number) => number;
  /** True once in `times`. */
  readonly oneIn: (times: number) => boolean;
};

/** Mulberry32; good enough for tests, not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  return {
    below: (bound) => Math.floor(next() * bound),
    oneIn: (times) => next() * times < 1,
  };
}
