/** Windows: order, lateness, idleness and bounds. */
import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../../test/support/random.ts';
import { emissionOf } from '../emission.ts';
import { ignoredParts, lineFaults } from '../parse/counts.ts';
import { decodedRows, zeroSeconds } from '../testdata/decoded.ts';
import { createIntake, shuffled } from '../testdata/intakes.ts';
import { datadogWrapper } from '../wrap/datadog.ts';
import { wrapSettingsDefault } from '../wrap/settings.ts';
import { aggregatorLimitsDefault } from './aggregator.ts';

const seed = 1 + (Date.now() % 1_000_000);
const zeroNs = BigInt(zeroSeconds) * 1_000_000_000n;
const wrapper = datadogWrapper(wrapSettingsDefault);

function at(seconds: number): bigint {
  return zeroNs + BigInt(Math.round(seconds * 1e9));
}

function bodies(closing: Parameters<typeof emissionOf>[0]): readonly Uint8Array[] {
  const counts = { series: 0, points: 0, failed: 0, lastFailure: '' };
  return emissionOf(closing, wrapper, counts, 1e7).metrics;
}

/** An intake that is given lines at seconds, and rows of what it closes. */
function opened(options: Parameters<typeof createIntake>[0] = {}) {
  const intake = createIntake(options);
  let position = 0;
  return {
    intake,
    fold: (seconds: number, text: string) => {
      intake.fold(position++, at(seconds), Buffer.from(text));
    },
    close: (seconds: number) => {
      const rows = decodedRows(bodies(intake.close(at(seconds))));
      intake.closed(position++);
      return rows.map((row) => [row[0], row[2], row[3]]);
    },
  };
}

describe('windows', () => {
  it(`are the same bytes for every order of what came (seed ${seed})`, () => {
    const random = seededRandom(seed);
    const pick = (all: readonly string[]): string => all[random.below(all.length)]!;
    for (const isPlain of [false, true]) {
      for (let round = 0; round < 15; round += 1) {
        const lines = Array.from({ length: 400 }, () => {
          const type = pick(['c', 'g', 's', 'h', 'ms', 'd']);
          const power = random.below(40) - 20;
          const value = `${pick(['', '-', '+'])}${(random.below(1e6) / 997) * 10 ** power}`;
          const rate = pick(['', '|@0.5', '|@0.1', '|@0.3', '|@0.77']);
          const tags = pick(['', '|#a:1,b:2', '|#b:2,a:1', '|#a:1', '|c:ci-x', '|c:x']);
          const time = random.oneIn(20) ? `|T${zeroSeconds + random.below(4)}` : '';
          const seconds = random.below(4 * 8) * 1.25;
          return { seconds, text: `m${random.below(3)}:${value}|${type}${rate}${tags}${time}` };
        });
        const results = [lines, shuffled(lines, random), shuffled(lines, random)].map((order) => {
          // Another seed of hash tables: results must not know it.
          const hashSeed = { low: random.below(2 ** 31), high: random.below(2 ** 31) };
          const intake = createIntake({ isPlain, seed: hashSeed });
          order.forEach(({ seconds, text }, position) => {
            intake.fold(position, at(seconds), Buffer.from(text));
          });
          return bodies(intake.close(at(1000)));
        });
        const [first, ...others] = results.map((result) => Buffer.concat(result));
        expect(first!.length).toBeGreaterThan(1000);
        for (const other of others)
          expect([isPlain, round, other.equals(first!)]).toEqual([isPlain, round, true]);
      }
    }
  });

  it('have equal values with timestamps of several series in one order', () => {
    const lines = ['a', 'b', 'c', 'd'].map((tag) => `x:1|c|#${tag}|T${zeroSeconds}`);
    const [first, second] = [lines, lines.toReversed()].map((order) => {
      const { intake, fold } = opened();
      for (const line of order) fold(1, line);
      return Buffer.concat(bodies(intake.close(at(10))));
    });
    expect(second!.equals(first!)).toBe(true);
  });

  it('are closed when they end at or before the watermark, and stay open otherwise', () => {
    const { fold, close } = opened();
    fold(1, 'x:1|c');
    fold(11, 'x:2|c');
    expect(close(9.999999999)).toEqual([]);
    expect(close(10)).toEqual([[0, 'x', 1]]);
    expect(close(10)).toEqual([]);
    expect(close(25)).toEqual([[10, 'x', 2]]);
  });

  it('that are closed give their late values to the oldest open one, counted', () => {
    const { intake, fold, close } = opened();
    fold(12, 'g:1|g');
    expect(close(10)).toEqual([]);
    fold(3, 'x:1:2|c\ng:9|g\ns:a|s\nlate:5|g');
    fold(14, 'x:4|c');
    expect(intake.aggregator.counts.late).toBe(5);
    // The late gauge is older than the one that is there; alone it is the last.
    expect(close(20)).toEqual([
      [10, 'g', 1],
      [10, 'late', 5],
      [10, 's', 1],
      [10, 'x', 7],
    ]);
  });

  it('need not come in the order of time', () => {
    const { fold, close } = opened();
    for (const seconds of [31, 1, 22, 2, 33, 12, 23]) fold(seconds, 'x:1|c\ny:1|h');
    const counts = close(100).filter(([, name]) => name === 'x' || name === 'y.count');
    expect(counts.map(([start, , count]) => [start, count])).toEqual(
      [
        [0, 2],
        [10, 1],
        [20, 2],
        [30, 2],
      ].flatMap((row) => [row, row]),
    );
  });
});

describe('series', () => {
  it('are forgotten when they were idle, not before', () => {
    const { intake, fold, close } = opened({ idleWindows: 3 });
    fold(1, 'x:1|c\ny:1|c');
    for (const seconds of [10, 20, 30]) {
      close(seconds);
      fold(seconds, 'y:1|c');
      expect([seconds, intake.aggregator.seriesCount]).toEqual([seconds, 2]);
    }
    close(40);
    expect(intake.aggregator.seriesCount).toBe(1);
    fold(41, 'x:7|c');
    expect(close(50)).toEqual([[40, 'x', 7]]);
  });

  it('that carry a gauge begin at zero again when they were forgotten', () => {
    const { fold, close } = opened({ idleWindows: 2, isPlain: true });
    fold(1, 'x:5|g');
    expect(close(10)).toEqual([[0, 'x', 5]]);
    fold(11, 'x:+1|g');
    expect(close(20)).toEqual([[10, 'x', 6]]);
    close(60);
    fold(61, 'x:+1|g');
    expect(close(70)).toEqual([[60, 'x', 1]]);
  });

  it('of text that is not UTF-8 are stored as it is repaired, and are one', () => {
    const { intake, close } = opened();
    intake.fold(0, at(1), Buffer.from('a\xff:1|c|#t\xfe:1', 'latin1'));
    intake.fold(1, at(1), Buffer.from('a\xf0:2|c|#t\x80:1', 'latin1'));
    expect(close(10)).toEqual([[0, 'a\ufffd', 3]]);
  });

  it('are in the order of their bytes', () => {
    const { intake } = opened();
    const names = ['é', 'z', 'a', '\u{1f600}', '\uffee', 'a.b', 'aa'];
    for (const [position, name] of names.entries()) {
      intake.fold(position, at(1), Buffer.from(`${name}:1|c`));
    }
    const closed = intake.close(at(10)).windows[0]!.series.map(({ name }) => name);
    const byBytes = names.toSorted((left, right) =>
      Buffer.compare(Buffer.from(`${left}|`), Buffer.from(`${right}|`)),
    );
    expect(closed).toEqual(byBytes);
  });
});

describe('bounds', () => {
  const limits = aggregatorLimitsDefault;

  it('refuse what is one too many, count it, and leave the rest as it is', () => {
    const few = { seriesMax: 2, seriesBytesMax: 1e6, wordsMax: 10, openWindowsMax: 2 };
    const { intake, fold, close } = opened({ limits: few });
    fold(1, 'a:1|c\nb:1:2:3:4|h\nc:1:1|c\nd:x|s');
    expect(intake.aggregator.counts.refused).toEqual({ series: 3, words: 0, windows: 0 });
    fold(1, 'b:5:6:7:8:9:10|h');
    expect(intake.aggregator.counts.refused).toEqual({ series: 3, words: 2, windows: 0 });
    fold(11, 'a:2|c');
    fold(21, 'a:4|c\na:8|c');
    expect(intake.aggregator.counts.refused).toEqual({ series: 3, words: 2, windows: 2 });
    const rows = close(100).filter(([, name]) => name === 'a' || name === 'b.count');
    expect(rows).toEqual([
      [0, 'a', 1],
      [0, 'b.count', 8],
      [10, 'a', 2],
    ]);
    // What was refused once is taken when there is room.
    fold(101, 'a:1|c');
    for (const seconds of [300, 500, 700]) close(seconds);
    fold(701, 'c:3|c');
    expect(close(800)).toEqual([[700, 'c', 3]]);
  });

  it('count series by their bytes too', () => {
    const { intake, fold } = opened({ limits: { ...limits, seriesBytesMax: 20_000 } });
    fold(1, `x:1|c|#${'long'.repeat(500)}`);
    fold(1, `y:1|c|#${'long'.repeat(500)}`);
    expect(intake.aggregator.counts.refused.series).toBe(1);
    expect(intake.aggregator.seriesCount).toBe(1);
  });

  it('are given back when windows are closed, to the last word', () => {
    const { intake, fold, close } = opened({ isPlain: true });
    for (let index = 0; index < 200; index += 1) {
      fold(index / 10, `h:${index}|h|@0.3\nd:${index ** 9}|d\ns:${index}|s\ng:+1|g\nt:1|ms`);
    }
    expect(intake.aggregator.words).toBeGreaterThan(500);
    close(100);
    expect([intake.aggregator.words, intake.aggregator.openWindowCount]).toEqual([0, 0]);
  });

  it('leave no series without values behind', () => {
    const { fold, close } = opened({ limits: { ...limits, wordsMax: 1 } });
    fold(1, 'h:1|h\nd:1|d\ns:1|s\nc:1|c');
    expect(close(10)).toEqual([[0, 'c', 1]]);
  });

  it('hold for lines that wait for a close', () => {
    const { intake, fold } = opened({ waitingBytesMax: 1000 });
    for (let index = 0; index < 100; index += 1) fold(1, '_e{1,1}:a|b\nx:1|c|T1700000000');
    expect(intake.refusedWaiting).toBeGreaterThan(150);
    const { logged, timestamped } = intake.close(at(10));
    expect(logged.length + timestamped.length + intake.refusedWaiting).toBe(200);
  });
});

describe('memory of lines', () => {
  it('may be forgotten at any time without a difference', () => {
    const { intake, fold, close } = opened();
    // More different lines than are remembered, of few series.
    const tags = Array.from({ length: 9 }, (_, index) => `t${index}:${'v'.repeat(3000)}`);
    const random = seededRandom(seed);
    for (let index = 0; index < 2000; index += 1) {
      fold(1, `x:1|c|#${shuffled(tags, random).join(',')}`);
    }
    expect(intake.aggregator.seriesCount).toBe(1);
    expect(close(10)).toEqual([[0, 'x', 2000]]);
  });
});

describe('counts', () => {
  it('account for every line', () => {
    const { intake, fold } = opened();
    fold(1, 'x:1|c\nx\n:1|c\n\nx:1|q\n_e{1,1}:a|b\n_e{9,1}:a|b\n_sc|a|0\nx:1|c|T5\nx:nan|g');
    const { counts } = intake.parser;
    const faults = lineFaults.reduce((sum, name) => sum + counts.faultsOf(name), 0);
    expect([counts.lines, counts.metrics, counts.events, counts.serviceChecks, faults]).toEqual([
      9, 2, 1, 1, 5,
    ]);
    expect(ignoredParts.every((part) => counts.ignoredOf(part) === 0)).toBe(true);
  });
});
