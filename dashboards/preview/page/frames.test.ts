import { describe, expect, it } from '@jest/globals';
import { kindOf, reduce, toCsv, toFrame, toSeries } from './frames.ts';

const answer = {
  meta: [
    { name: 'time', type: 'DateTime' },
    { name: 'service', type: 'LowCardinality(String)' },
    { name: 'rate', type: 'UInt64' },
  ],
  data: [
    ['100', 'a', '5'],
    ['100', 'b', '7'],
    ['110', 'a', '6'],
    ['160', 'a', null],
    ['170', 'a', '9007199254740993'],
  ],
};

describe('columns', () => {
  it('are told apart by their ClickHouse types', () => {
    const types = ['DateTime64(9)', 'Nullable(Float64)', "Enum8('a' = 1)", 'Map(String, String)'];
    expect(types.map(kindOf)).toEqual(['time', 'number', 'text', 'other']);
    expect(kindOf('SimpleAggregateFunction(max, DateTime)')).toBe('time');
  });

  it('hold milliseconds, numbers and texts', () => {
    const frame = toFrame(answer);
    expect(frame.fields.map((field) => field.values[0])).toEqual([100_000, 'a', 5]);
  });
});

describe('series', () => {
  it('are one for each label, named by it', () => {
    const { series } = toSeries([toFrame(answer)], 10_000);
    expect(series.map((each) => [each.name, each.column])).toEqual([
      ['a', 'rate'],
      ['b', 'rate'],
    ]);
  });

  it('have a hole where a stretch of time has no rows', () => {
    const { timesMs, series } = toSeries([toFrame(answer)], 10_000);
    expect(timesMs).toEqual([100_000, 110_000, 120_000, 160_000, 170_000]);
    expect(series[0]?.values.slice(0, 4)).toEqual([5, 6, null, null]);
  });

  it('come down to one number', () => {
    expect(['sum', 'mean', 'max', 'lastNotNull'].map((calc) => reduce([1, 5, null], calc))).toEqual(
      [6, 3, 5, 5],
    );
    expect(reduce([null], 'sum')).toBeNull();
  });
});

describe('CSV', () => {
  it('quotes what needs quotes, writes times in ISO and defuses formulas', () => {
    const frame = toFrame({
      meta: [
        { name: 'at', type: 'DateTime' },
        { name: 'text', type: 'String' },
      ],
      data: [
        ['0', 'say "a, b"'],
        ['1', '=cmd()'],
      ],
    });
    expect(toCsv(frame)).toBe(
      'at,text\r\n1970-01-01T00:00:00.000Z,"say ""a, b"""\r\n1970-01-01T00:00:01.000Z,\'=cmd()\r\n',
    );
  });
});
