/** Pruning on hand-made directories: which tokens are taken back, and that it is done once. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pruneTokens } from './prune-tokens.ts';

let dataDir: string;
let table: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'obsctl-prune-'));
  table = join(dataDir, 'store', 'abc', 'abc-table');
  await mkdir(join(table, 'deduplication_logs'), { recursive: true });
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function writeLog(number: number, lines: readonly string[]): Promise<string> {
  const path = join(table, 'deduplication_logs', `deduplication_log_${number}.txt`);
  await writeFile(path, lines.map((line) => `${line.replaceAll(' ', '\t')}\n`).join(''));
  return path;
}

async function prunedBlocks(): Promise<readonly string[]> {
  return (await pruneTokens(dataDir)).map((token) => token.blockId);
}

describe('a token', () => {
  it.each([
    ['its own part', 'p_3_3_0', []],
    ['a merged part around it', 'p_1_9_2', []],
    ['a mutated part', 'p_3_3_0_12', []],
    ['a part of another partition', 'q_3_3_0', ['x']],
    ['a part beside it', 'p_4_9_1', ['x']],
    ['a part that was not put in place', 'tmp_insert_p_3_3_0', ['x']],
    ['a part that was being deleted', 'delete_tmp_p_3_3_0', ['x']],
  ])('with %s', async (_, part, wanted) => {
    await writeLog(1, ['1 p_3_3_0 x']);
    await mkdir(join(table, part));
    expect(await prunedBlocks()).toEqual(wanted);
  });

  it('of a partition of several columns is read whole', async () => {
    await writeLog(1, ['1 20261121-5_7_7_0 x', '1 20261121_7_7_0 y']);
    await mkdir(join(table, '20261121-5_7_7_0'));
    expect(await prunedBlocks()).toEqual(['y']);
  });

  it('that was taken back before is left alone, also across files', async () => {
    await writeLog(2, ['2 p_1_1_0 x', '1 p_2_2_0 y']);
    await writeLog(1, ['1 p_1_1_0 x']);
    expect(await prunedBlocks()).toEqual(['y']);
  });

  it('is taken back by one more line in the newest file, and only once', async () => {
    await writeLog(9, ['1 p_1_1_0 x']);
    const newest = await writeLog(10, ['1 p_2_2_0 y']);
    expect(await prunedBlocks()).toEqual(['x', 'y']);
    const text = await readFile(newest, 'utf8');
    expect(text).toBe('1\tp_2_2_0\ty\n2\tp_1_1_0\tx\n2\tp_2_2_0\ty\n');
    expect(await prunedBlocks()).toEqual([]);
  });
});

describe('a directory', () => {
  it('without tables is left as it is', async () => {
    await rm(join(dataDir, 'store'), { recursive: true });
    expect(await pruneTokens(dataDir)).toEqual([]);
  });
});
