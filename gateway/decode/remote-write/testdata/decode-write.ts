/** One request through the decoder, as it comes in at the time of the tests. */
import { type Blocks, createOpenBlocks } from '../../blocks.ts';
import { decodeInto } from '../../decode.ts';
import type { DecodeResult } from '../../decode-types.ts';
import { keepsTargetParameter } from '../message.ts';
import { nowNs } from './times.ts';

export type Version = 1 | 2;

export function decodeWrite(
  version: Version,
  body: Uint8Array,
  blocks: Blocks = createOpenBlocks(),
  keepsTarget = false,
): DecodeResult {
  const contentType = version === 1 ? 'remote_write_1' : 'remote_write_2';
  const parameters = keepsTarget ? keepsTargetParameter : '';
  const input = { signal: 'metrics', contentType, parameters, body, receivedAtNs: nowNs } as const;
  return decodeInto(blocks, input);
}
