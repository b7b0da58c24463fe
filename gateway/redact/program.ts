/**
 * A pattern as a program over bytes of UTF-8: Thompson's construction. An instruction takes a byte
 * of a range, or goes two ways, or asks where it stands.
 *
 * Pure; runs once a rule.
 */
import { type Assertion, type Node, PatternFault, type Range } from './pattern.ts';

export type Instruction =
  | { readonly kind: 'byte'; readonly low: number; readonly high: number; readonly next: number }
  | { readonly kind: 'split'; readonly next: number; other: number }
  | { readonly kind: 'assert'; readonly what: Assertion; readonly next: number }
  | { readonly kind: 'match' };

export type Program = { readonly instructions: readonly Instruction[]; readonly start: number };

/** A state of the matcher is a set of these, so this bounds the work a byte. */
const instructionsMax = 5_000;

/** By byte count of the encoded form: the first and last code point. */
const encodedRanges: readonly Range[] = [
  [0, 0x7f],
  [0x80, 0x7ff],
  // Surrogates have no encoded form.
  [0x800, 0xd7ff],
  [0xe000, 0xffff],
  [0x10000, 0x10ffff],
];

/** Throws a {@link PatternFault} when repetitions make it too large. */
export function compileProgram(node: Node): Program {
  const instructions: Instruction[] = [{ kind: 'match' }];

  const add = (instruction: Instruction): number => {
    if (instructions.length >= instructionsMax) {
      throw new PatternFault('repetitions make this pattern too large', 0);
    }
    return instructions.push(instruction) - 1;
  };

  const addEither = (starts: readonly number[]): number => {
    const last = starts.at(-1);
    // A set without members: nothing leads on.
    if (last === undefined) return add({ kind: 'byte', low: 1, high: 0, next: 0 });
    return starts
      .slice(0, -1)
      .reduceRight((other, next) => add({ kind: 'split', next, other }), last);
  };

  const addSet = (ranges: readonly Range[], next: number): number =>
    addEither(
      ranges
        .flatMap(byteSequences)
        .map((sequence) =>
          sequence.reduceRight(
            (behind, [low, high]) => add({ kind: 'byte', low, high, next: behind }),
            next,
          ),
        ),
    );

  const addRepeat = (item: Node, min: number, max: number, next: number): number => {
    let at = next;
    if (max === Number.POSITIVE_INFINITY) {
      const loop: Instruction = { kind: 'split', next, other: next };
      at = add(loop);
      loop.other = addNode(item, at);
    } else {
      for (let more = min; more < max; more += 1) {
        at = add({ kind: 'split', next: addNode(item, at), other: next });
      }
    }
    for (let more = 0; more < min; more += 1) at = addNode(item, at);
    return at;
  };

  /** Adds what comes before `next`; returns where it begins. */
  const addNode = (item: Node, next: number): number => {
    switch (item.kind) {
      case 'set':
        return addSet(item.ranges, next);
      case 'assert':
        return add({ kind: 'assert', what: item.what, next });
      case 'concat':
        return item.parts.reduceRight((behind, part) => addNode(part, behind), next);
      case 'or':
        return addEither(item.parts.map((part) => addNode(part, next)));
      case 'repeat':
        return addRepeat(item.node, item.min, item.max, next);
    }
  };

  return { start: addNode(node, 0), instructions };
}

/** The encoded forms of a range of code points, as sequences of ranges of bytes. */
export function byteSequences(range: Range): readonly (readonly Range[])[] {
  return encodedRanges.flatMap(([low, high]) => {
    const [from, to] = [Math.max(range[0], low), Math.min(range[1], high)];
    return from > to ? [] : sequencesOf(encoded(from), encoded(to));
  });
}

/** All byte strings of one length from `from` to `to`. */
function sequencesOf(
  from: readonly number[],
  to: readonly number[],
): readonly (readonly Range[])[] {
  const [first = 0, ...fromRest] = from;
  const [last = 0, ...toRest] = to;
  if (fromRest.length === 0) return [[[first, last]]];
  const lowest = fromRest.map(() => 0x80);
  const highest = fromRest.map(() => 0xbf);
  const behind = (byte: number, rest: readonly (readonly Range[])[]): readonly Range[][] =>
    rest.map((ranges) => [[byte, byte], ...ranges]);
  if (first === last) return behind(first, sequencesOf(fromRest, toRest));
  const isWholeFirst = fromRest.every((byte) => byte === 0x80);
  const isWholeLast = toRest.every((byte) => byte === 0xbf);
  const between: Range = [isWholeFirst ? first : first + 1, isWholeLast ? last : last - 1];
  return [
    ...(isWholeFirst ? [] : behind(first, sequencesOf(fromRest, highest))),
    ...(between[0] > between[1] ? [] : [[between, ...lowest.map((byte): Range => [byte, 0xbf])]]),
    ...(isWholeLast ? [] : behind(last, sequencesOf(lowest, toRest))),
  ];
}

function encoded(code: number): readonly number[] {
  return [...Buffer.from(String.fromCodePoint(code))];
}
