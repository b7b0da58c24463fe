/**
 * What a run may use: the times of its block, and how far each column of text is filled.
 *
 * Hot path. Allocations: none. Copies: each value once. Owner: the module's memory. Watched by
 * `decode.bench.ts`.
 */
import {
  inFirstHigh,
  inFirstLow,
  inLastHigh,
  inLastLow,
  outTexts,
  textAt,
  textStride,
  valuesBytes,
  wordsAt,
} from '../layout.ts';
import { valuesEnd } from './attributes.ts';

/** Where the next string of each column goes; column 0 is that of the attributes' values. */
export let text1 = 0;
export let text2 = 0;
export let text3 = 0;
export let text4 = 0;
let firstTime: u64 = 0;
let lastTime: u64 = 0;

export function setText1(at: i32): void {
  text1 = at;
}

export function setText2(at: i32): void {
  text2 = at;
}

export function setText3(at: i32): void {
  text3 = at;
}

export function setText4(at: i32): void {
  text4 = at;
}

function time(low: i32, high: i32): u64 {
  return <u64>load<u32>(wordsAt + low * 4) | ((<u64>load<u32>(wordsAt + high * 4)) << 32);
}

export function clearRoom(): void {
  text1 = textAt + textStride;
  text2 = textAt + 2 * textStride;
  text3 = textAt + 3 * textStride;
  text4 = textAt + 4 * textStride;
  firstTime = time(inFirstLow, inFirstHigh);
  lastTime = time(inLastLow, inLastHigh);
}

export function isInBounds(time: u64): bool {
  return time >= firstTime && time <= lastTime;
}

/** An integer of eight bytes of message is at most 21 of text; nothing grows more. */
export function hasRoom(itemBytes: i32): bool {
  const most = 4 * itemBytes + 64;
  const end = textAt + valuesBytes;
  return (
    valuesEnd + most <= end &&
    text1 + most <= end + textStride &&
    text2 + most <= end + 2 * textStride &&
    text3 + most <= end + 3 * textStride &&
    text4 + most <= end + 4 * textStride
  );
}

/** Writes how many bytes each column of text has. */
export function putTextSizes(): void {
  const at = wordsAt + outTexts * 4;
  store<i32>(at, valuesEnd - textAt);
  store<i32>(at + 4, text1 - textAt - textStride);
  store<i32>(at + 8, text2 - textAt - 2 * textStride);
  store<i32>(at + 12, text3 - textAt - 3 * textStride);
  store<i32>(at + 16, text4 - textAt - 4 * textStride);
}
