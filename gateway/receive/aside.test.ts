import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import { tryTranscode } from '../decode/json/transcode.ts';
import { toOtlpJson } from '../decode/testdata/json-form.ts';
import { traceBody } from '../decode/testdata/load.ts';
import { Aside } from './aside.ts';

const mib = 1024 ** 2;
const bytesMax = 64 * mib;
const zips = [
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
  ['deflate', deflateSync],
] as const;

/** How often the event loop came round while `work` was under way. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const done = work.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    turns += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await done;
  return turns;
}

describe('inflating aside', () => {
  it.each(zips)('gives small %s bodies at once', (encoding, zip) => {
    const body = Buffer.alloc(100_000, 'telemetry');
    const given = new Aside(systemClock).inflate(encoding, zip(body), bytesMax);
    expect('ok' in given && given.ok && Buffer.compare(given.body, body)).toBe(0);
  });

  it.each(zips)('gives large %s bodies later, whole', async (encoding, zip) => {
    const body = Buffer.alloc(20 * mib, 'telemetry');
    const given = new Aside(systemClock).inflate(encoding, zip(body), bytesMax);
    expect(given).toBeInstanceOf(Promise);
    const inflated = await given;
    expect(inflated.ok && Buffer.compare(inflated.body, body)).toBe(0);
  });

  it.each(zips)(
    'refuses a %s bomb, and one that is broken behind the beginning',
    async (encoding, zip) => {
      const aside = new Aside(systemClock);
      const bomb = zip(Buffer.alloc(100 * mib));
      const broken = zip(Buffer.alloc(20 * mib, 'telemetry')).subarray(0, -3);
      const answers = await Promise.all([
        aside.inflate(encoding, bomb, bytesMax),
        aside.inflate(encoding, broken, bytesMax),
      ]);
      expect(answers).toMatchObject([
        { ok: false, reason: 'too_large' },
        { ok: false, reason: 'corrupt' },
      ]);
    },
  );

  it('lets the event loop go round while bombs are looked at', async () => {
    const aside = new Aside(systemClock);
    const bomb = gzipSync(Buffer.alloc(100 * mib));
    const bombs = Array.from({ length: 3 }, () => aside.inflate('gzip', bomb, bytesMax));
    expect(await turnsDuring(Promise.all(bombs))).toBeGreaterThan(50);
  });

  it('reads large JSON as the lane would, and says what is malformed in it', async () => {
    const aside = new Aside(systemClock);
    const json = new Uint8Array(Buffer.from(toOtlpJson('traces', traceBody(1_000, 1))));
    expect(await aside.transcode('traces', json)).toEqual(tryTranscode('traces', json));
    const broken = json.subarray(0, json.length - 2);
    expect(await aside.transcode('traces', broken)).toEqual(tryTranscode('traces', broken));
    expect(aside.transcode('traces', json.subarray(0, 1_000))).toBeUndefined();
  });

  it('says that JSON is too large which grows beyond all bounds, and reads the next', async () => {
    const aside = new Aside(systemClock);
    const points = `[{"bucketCounts":[1${',1'.repeat(32_000_000)}]}]`;
    const metrics = `[{"name":"n","histogram":{"dataPoints":${points}}}]`;
    const numbers = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":${metrics}}]}]}`;
    const grown = await aside.transcode('metrics', new Uint8Array(Buffer.from(numbers)));
    expect(grown).toMatchObject({ ok: false, reason: 'too_large' });
    const json = new Uint8Array(Buffer.from(toOtlpJson('traces', traceBody(1_000, 1))));
    expect(await aside.transcode('traces', json)).toMatchObject({ ok: true });
  });
});
