/** Frames against the engine's own column files: the same frames, written by ClickHouse. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { ask, runSql } from '../../test/support/engine-http.ts';
import { packFrame, readFrames, writeFrames } from './frames.ts';
import { decompressLz4 } from './lz4.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(() => engine.stop());

/** The one file of a column's values. */
async function columnFile(table: string): Promise<Buffer> {
  const folder = join(engine.dataDir, 'data', 'default', table, 'all_1_1_0');
  const names = await readdir(folder);
  expect(names).toContain('s.bin');
  return await readFile(join(folder, 's.bin'));
}

const options = { verifyChecksums: true, contentBytesMax: 2 ** 30 };

describe('frames written by ClickHouse', () => {
  // The block sizes make frames of a few bytes, of some hundred and of some hundred thousand.
  it.each([
    ['LZ4', 65_536, 1_048_576, 20_000],
    ['LZ4HC(9)', 70_000, 1_048_576, 20_000],
    ['LZ4', 5, 17, 500],
    ['ZSTD(3)', 100, 150, 500],
    ['ZSTD(1)', 65_536, 1_048_576, 20_000],
    ['NONE', 5, 17, 500],
    ['NONE', 300, 700, 5_000],
  ])('%s in blocks of %d to %d bytes', async (codec, min, max, rows) => {
    const table = `c_${codec.replace(/\W/g, '')}_${min}`;
    await runSql(
      engine.url,
      `CREATE TABLE ${table} (s String CODEC(${codec})) ENGINE MergeTree ORDER BY tuple() ` +
        'SETTINGS min_bytes_for_wide_part = 0, min_rows_for_wide_part = 0, ' +
        `min_compress_block_size = ${min}, max_compress_block_size = ${max}`,
    );
    const text =
      "concat(toString(number % 1000), repeat('ab', number % 90), hex(sipHash64(number)))";
    await runSql(engine.url, `INSERT INTO ${table} SELECT ${text} FROM numbers(${rows})`);
    const wanted = await ask(engine.url, { body: `SELECT s FROM ${table} FORMAT RawBLOB` });
    const content = await readFrames(await columnFile(table), options);
    expect(content.equals(wanted.body)).toBe(true);
  });
});

describe('frames of our own', () => {
  it('are read by the engine and come back whole', async () => {
    const content = Buffer.alloc(3_000_000, 'INSERT or not, ');
    expect((await readFrames(await writeFrames(content), options)).equals(content)).toBe(true);
  });

  it('are refused when any byte of them is changed or missing', async () => {
    const content = Buffer.from('forty-two bytes of content, more or less..');
    const frame = packFrame(0x02, content, content.length);
    for (let at = 0; at < frame.length; at += 1) {
      const changed = Buffer.from(frame);
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      await expect(readFrames(changed, options)).rejects.toMatchObject({ name: 'FrameError' });
      const cut = frame.subarray(0, at);
      if (at > 0)
        await expect(readFrames(cut, options)).rejects.toMatchObject({ name: 'FrameError' });
    }
  });

  it('are refused before anything is allocated when they say they are huge', async () => {
    const frame = packFrame(0x82, Buffer.from([0]), 0x3fffffff);
    const small = { ...options, contentBytesMax: 1_000 };
    await expect(readFrames(frame, small)).rejects.toMatchObject({ fault: 'too large' });
  });
});

describe('LZ4 blocks', () => {
  it('of random bytes are refused or unpacked, never written outside the output', () => {
    let seed = 20_261_121;
    const random = (): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return seed >>> 16;
    };
    for (let round = 0; round < 20_000; round += 1) {
      const input = Uint8Array.from({ length: random() % 40 }, () => random() & 0xff);
      const memory = new Uint8Array(96).fill(0xaa);
      decompressLz4(input, memory.subarray(16, 16 + (random() % 65)));
      expect(memory.subarray(0, 16).every((byte) => byte === 0xaa)).toBe(true);
      expect(memory.subarray(80).every((byte) => byte === 0xaa)).toBe(true);
    }
  });
});
