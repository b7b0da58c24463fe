import { describe, expect, it } from '@jest/globals';
import { axisFormatter, columnFormatter, decimalsFor, formatText } from './format.ts';

describe('units as Grafana shows them', () => {
  it.each([
    [0.000_000_5, 's', '500 ns'],
    [0.0123, 's', '12.3 ms'],
    [1.2, 's', '1.20 s'],
    [90, 's', '1.50 min'],
    [7200, 's', '2 h'],
    [1_200_000_000, 'ns', '1.20 s'],
    [0.25, 'ms', '250 µs'],
    [1536, 'bytes', '1.50 KiB'],
    [1_500_000, 'decbytes', '1.50 MB'],
    [0.1234, 'percentunit', '12.3%'],
    [45.6, 'percent', '45.6%'],
    [1234, 'short', '1.23 K'],
    [999, 'short', '999'],
    [12_345_678, 'short', '12.3 Mil'],
    [2500, 'reqps', '2.50K req/s'],
    [0, 'ms', '0 ms'],
    [3, 'suffix: apples', '3 apples'],
    [-1.5, 's', '−1.50 s'],
    [Number.POSITIVE_INFINITY, 's', '∞'],
    [Number.NaN, 's', 'NaN'],
  ])('%d in %s is %s', (value, unit, text) => {
    expect(formatText(value, unit)).toBe(text);
  });

  it('shows as many decimals as the panel asks for', () => {
    expect(formatText(1.239, 's', 1)).toBe('1.2 s');
    expect(formatText(0.5, 'percentunit', 2)).toBe('50.00%');
  });

  it('never shows minus nothing', () => {
    expect(formatText(-0.0001, 'none', 1)).toBe('0.0');
  });

  it('shows about three digits of any size', () => {
    expect([0.001234, 0.1234, 1.234, 12.34, 123.4, 1234.5].map(decimalsFor)).toEqual([
      5, 3, 2, 1, 0, 0,
    ]);
  });
});

describe('numbers of one column', () => {
  it('share a unit and decimals, so that digits stand under digits', () => {
    const format = columnFormatter([0.003, 0.045, 1.2], 's');
    const texts = [0.003, 0.045, 1.2].map((value) => format(value).text);
    expect(new Set([0.003, 0.045, 1.2].map((value) => format(value).suffix))).toEqual(
      new Set([' ms']),
    );
    expect(new Set(texts.map((text) => text.split('.')[1]?.length ?? 0)).size).toBe(1);
  });

  it('stay whole when all are whole', () => {
    const format = columnFormatter([1, 2000, 30], 'none');
    expect(format(2000).text).toBe('2000');
  });
});

describe('labels of an axis', () => {
  it('have just enough decimals to differ', () => {
    const format = axisFormatter([0, 0.2, 0.4], 'reqps');
    expect([0, 0.2, 0.4].map(format)).toEqual(['0', '0.2 req/s', '0.4 req/s']);
  });

  it('tell quarters apart', () => {
    const format = axisFormatter([0, 0.25, 0.5], 'short');
    expect([0.25, 0.5].map(format)).toEqual(['0.25', '0.50']);
  });
});
