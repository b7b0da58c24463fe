/**
 * The core in WebAssembly against the decoder in TypeScript, which an independent decoder judges
 * (`../decode.test.ts`): the same blocks, byte for byte, whatever comes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileCore, moduleFile } from '../../../tools/decode-core.ts';
import { createOpenBlocks } from '../blocks.ts';
import { decodeInto } from '../decode.ts';
import type { DecodeInput, DecodeResult } from '../decode-types.ts';
import { longRequestOf, receivedAtNs, requestOf } from '../testdata/arbitrary.ts';
import { receivedAtNs as loadedAtNs, logBody, traceBody } from '../testdata/load.ts';
import { encodeRequest } from '../testdata/otlp.ts';
import { Core, coreOfThread, type DecodeCore, useCore } from './core.ts';
import { memoryBytes, memoryPages, outRows, rowsMax, windowBytes } from './layout.ts';

const signals = ['traces', 'logs'] as const;
const lengths = { minLength: 1, maxLength: 3 };
const makers = { traces: traceBody, logs: logBody };

afterEach(() => void useCore('wasm'));

describe('the core in WebAssembly', () => {
  it.each(signals)('stores %s as the decoder in TypeScript does', (signal) => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(longRequestOf(signal), requestOf(signal)), lengths),
        (requests) => {
          const inputs = requests.map((request) => inputOf(signal, encodeRequest(signal, request)));
          expect(stored('wasm', inputs)).toEqual(stored('plain', inputs));
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each(signals)('stores %s of more than one window, and of more rows than a run', (signal) => {
    const body = makers[signal](4 * rowsMax, 1);
    expect(body.length).toBeGreaterThan(windowBytes);
    const inputs = [{ ...inputOf(signal, body), receivedAtNs: loadedAtNs }];
    expect(stored('wasm', inputs)).toEqual(stored('plain', inputs));
  });

  it.each(signals)('takes all %s of a load but the first', (signal) => {
    const input = { ...inputOf(signal, makers[signal](100, 1)), receivedAtNs: loadedAtNs };
    stored('wasm', [input]);
    expect(coreOfThread()?.result(outRows)).toBe(99);
  });

  it.each(signals)('keeps %s to their day, and to the times that are accepted', (signal) => {
    const dayNs = 86_400_000_000_000n;
    const dayStart = (receivedAtNs / dayNs) * dayNs;
    const earliest = receivedAtNs - 400n * dayNs;
    const bounds = [dayStart, dayStart + dayNs, earliest, receivedAtNs + dayNs];
    // From each moment to each other: the item that chooses a day is never the core's.
    const steps = [-1n, 0n, 1n, 0n, -1n, 1n, 0n, 0n, -1n, -1n, 1n, 1n, 0n];
    const times = bounds.flatMap((bound) => steps.map((step) => bound + step));
    const inputs = [inputOf(signal, encodeRequest(signal, itemsAt(signal, times)))];
    const [results] = stored('wasm', inputs);
    // Outside: a moment before the earliest, one after the latest, four times each.
    expect(results).toMatchObject([{ accepted: times.length - 8, rejected: 8 }]);
    expect(stored('wasm', inputs)).toEqual(stored('plain', inputs));
  });

  it('is spared where few items are ordinary, and asked again later', () => {
    const core = new Core();
    expect(core.isWorth(1_000_000)).toBe(true);
    const odd = new Uint8Array([0x1a]);
    let asked = 0;
    while (core.isWorth(1_000_000) && asked < 1_000) {
      core.run(core.spans, odd, 0, 1);
      core.goesOn(odd, 0, 1);
      asked += 1;
    }
    expect(asked).toBeLessThan(100);
    let spared = 1;
    while (!core.isWorth(1_000_000)) spared += 1;
    expect(spared).toBeGreaterThan(1_000);
    expect(core.isWorth(10)).toBe(false);
  });

  it('refuses what the decoder in TypeScript refuses', () => {
    for (const signal of signals) {
      const body = makers[signal](20, 1);
      for (let cut = 1; cut < body.length; cut += 7) {
        const inputs = [{ ...inputOf(signal, body.subarray(0, cut)), receivedAtNs: loadedAtNs }];
        expect(stored('wasm', inputs)).toEqual(stored('plain', inputs));
      }
    }
  });

  it('is what its source compiles to', async () => {
    const file = readFileSync(join(import.meta.dirname, 'module.ts'), 'utf8');
    expect(file).toBe(moduleFile(await compileCore()));
  });

  it('has the memory that its layout needs, and no page more', () => {
    expect(Math.ceil(memoryBytes / 65_536)).toBe(memoryPages);
  });
});

function inputOf(signal: (typeof signals)[number], body: Uint8Array): DecodeInput {
  return { signal, contentType: 'protobuf', body, receivedAtNs };
}

/** A request of one ordinary item a time. */
function itemsAt(
  signal: (typeof signals)[number],
  times: readonly bigint[],
): Record<string, unknown> {
  const items = times.map((time) => {
    const at = String(time);
    return signal === 'logs'
      ? { time_unix_nano: at, body: { string_value: 'x' } }
      : {
          trace_id: Buffer.alloc(16, 1),
          span_id: Buffer.alloc(8, 1),
          name: 'x',
          start_time_unix_nano: at,
          end_time_unix_nano: at,
        };
  });
  const field = signal === 'logs' ? 'log_records' : 'spans';
  const word = signal === 'logs' ? 'logs' : 'spans';
  return { [`resource_${word}`]: [{ [`scope_${word}`]: [{ [field]: items }] }] };
}

/** The answers and the blocks. */
function stored(core: DecodeCore, inputs: readonly DecodeInput[]): unknown[] {
  useCore(core, true);
  const blocks = createOpenBlocks();
  const results: DecodeResult[] = inputs.map((input) => decodeInto(blocks, input));
  const units = blocks
    .encode(7n)
    .map(({ chunks, ...unit }) => ({ ...unit, body: Buffer.concat(chunks).toString('latin1') }));
  return [results, units, { ...blocks.counts }];
}
