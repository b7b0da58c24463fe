import { describe, expect, it } from '@jest/globals';
import { isProblem } from '../../core/problem.ts';
import { expandQuery, isAll, quote, type VariableValue } from './macros.ts';

const scope = (variables: Record<string, VariableValue> = {}) => ({
  fromMs: 1_700_000_000_500,
  toMs: 1_700_000_600_999,
  intervalMs: 15_000,
  variables,
});

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return isProblem(error) ? error.code : 'other';
  }
  return undefined;
}

describe('macros', () => {
  it.each([
    ['$__timeFilter(T)', 'T >= toDateTime(1700000000) AND T <= toDateTime(1700000600)'],
    [
      '$__timeFilter_ms(T)',
      'T >= fromUnixTimestamp64Milli(1700000000500) AND T <=' +
        ' fromUnixTimestamp64Milli(1700000600999)',
    ],
    ['$__timeInterval(T)', 'toStartOfInterval(toDateTime(T), INTERVAL 15 second)'],
    ['$__fromTime', 'toDateTime(1700000000)'],
    ['$__toTime', 'toDateTime(1700000600)'],
    ['$__fromTime_ms', 'fromUnixTimestamp64Milli(1700000000500)'],
    ['$__toTime_ms', 'fromUnixTimestamp64Milli(1700000600999)'],
    ['x / $__interval_s', 'x / 15'],
    ['f($__interval_s)', 'f(15)'],
  ])('expand %s as the data source does', (rawSql, expected) => {
    expect(expandQuery(rawSql, scope())).toBe(expected);
  });

  it('take a column with parentheses of its own', () => {
    expect(expandQuery('$__timeInterval(f(a, b))', { ...scope(), intervalMs: 10 })).toContain(
      'INTERVAL 1 second',
    );
  });

  it('nest inside a condition', () => {
    const sql = '$__conditionalAll((a IN (${v:singlequote}) AND $__timeFilter(T)), $v)';
    expect(expandQuery(sql, scope({ v: ['x', 'y'] }))).toBe(
      "(a IN ('x','y') AND T >= toDateTime(1700000000) AND T <= toDateTime(1700000600))",
    );
  });

  it.each(['$__all', '', ['$__all'], []])('drop a condition when the variable is %j', (value) => {
    expect(expandQuery('$__conditionalAll(a IN (${v:singlequote}), $v)', scope({ v: value }))).toBe(
      '1=1',
    );
    expect(isAll(value)).toBe(true);
  });

  it.each([
    '$__adHocFilters(x)',
    '$__unknown',
    '${v}',
    '${v:raw}',
    '$v',
    '${missing:singlequote}',
    '$__conditionalAll(a = 1, v)',
    '$__timeFilter(a',
    '$__timeFilter',
    '${toString:singlequote}',
    '$__conditionalAll(a = 1, $constructor)',
  ])('refuse %s', (rawSql) => {
    expect(codeOf(() => expandQuery(rawSql, scope({ v: 'x' })))).toBe('OBS-4001');
  });

  it('refuse more values than a query may carry', () => {
    const many = Array.from({ length: 1001 }, (_, index) => `${index}`);
    expect(codeOf(() => expandQuery('${v:singlequote}', scope({ v: many })))).toBe('OBS-4002');
  });

  it('refuse nesting without end', () => {
    const deep = `${'$__conditionalAll('.repeat(12)}1=1${', $v)'.repeat(12)}`;
    expect(codeOf(() => expandQuery(deep, scope({ v: 'x' })))).toBe('OBS-4001');
  });
});

/** Reads a ClickHouse string literal by its documented escapes; the oracle of `quote`. */
function readLiteral(text: string): { readonly value: string; readonly rest: string } {
  if (text[0] !== "'") throw new Error('no literal');
  let value = '';
  for (let at = 1; at < text.length; at += 1) {
    const char = text[at];
    if (char === "'") return { value, rest: text.slice(at + 1) };
    if (char !== '\\') value += char;
    else {
      at += 1;
      value += text[at] === '0' ? '\0' : (text[at] ?? '');
    }
  }
  throw new Error('unfinished literal');
}

describe('variable values', () => {
  const hostile = [
    "' OR 1=1 --",
    "\\' OR 1=1 --",
    "\\\\' OR 1=1 --",
    '\\',
    "'",
    "''",
    "x'); DROP TABLE otel_traces; --",
    '$__timeFilter(Timestamp)',
    '${v:singlequote}',
    '$__all)',
    '/* ',
    '\0',
    'line\nbreak',
    '日本語 ünï',
    '$&$`',
  ];

  it.each(hostile)('stay one literal: %j', (value) => {
    const { value: read, rest } = readLiteral(expandQuery('${v:singlequote}', scope({ v: value })));
    expect(read).toBe(value);
    expect(rest).toBe('');
  });

  it('stay literals each in a list', () => {
    let text = expandQuery('${v:singlequote}', scope({ v: hostile }));
    for (const value of hostile) {
      const literal = readLiteral(text);
      expect(literal.value).toBe(value);
      text = literal.rest.replace(/^,/, '');
    }
    expect(text).toBe('');
  });

  it('are quoted the way a person would write them', () => {
    expect(quote("it's")).toBe("'it\\'s'");
  });
});
