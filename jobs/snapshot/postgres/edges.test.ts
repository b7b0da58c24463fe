import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithPeer } from '../../../test/support/peer.ts';
import { type PostgresServer, startPostgres } from '../../../test/support/postgres.ts';
import {
  type ReadOptions,
  type ReadTable,
  readAll,
} from '../../../test/support/snapshot-reading.ts';
import type { EdgePolicy, Source } from '../source.ts';
import { openPostgres } from './open.ts';

describeWithPeer('postgres', 'values at the edge', (programs) => {
  let server: PostgresServer;
  let source: Source;

  beforeAll(async () => {
    server = await startPostgres(programs);
    source = await openPostgres({ dsn: server.dsn(), valueBytesMax: 100 });
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
  });

  /** Column `v` of a new table with `values`, and keys (a, 1), (a, 2) and so on. */
  async function read(
    type: string,
    values: readonly string[],
    policy: EdgePolicy | undefined,
    target?: string,
    options: ReadOptions = {},
  ): Promise<ReadTable> {
    await server.psql(`DROP TABLE IF EXISTS edge;
      CREATE TABLE edge (part text, v ${type}, number int, PRIMARY KEY (part, number));
      ${values.map((one, row) => `INSERT INTO edge VALUES ('a', ${one}, ${row + 1});`).join('')}`);
    return await readAll(source, 'public.edge', {
      ...(policy !== undefined && { edges: { v: policy } }),
      ...(target !== undefined && { types: { v: target } }),
      ...options,
    });
  }

  const valuesOf = ({ rows }: ReadTable): readonly unknown[] => rows.map((row) => row[1]);
  const failure = (text: string): unknown =>
    expect.objectContaining({ code: 'OBS-6067', message: expect.stringContaining(text) });

  it('NaN in a numeric is NULL and counted with its key by default', async () => {
    const values = ["'NaN'", '1.50', "'NaN'"];
    const table = await read('numeric(5,2)', values, undefined);
    expect(valuesOf(table)).toEqual([null, 150, null]);
    expect(table.met).toEqual([
      { column: 'v', value: 'NaN', key: 'part=a, number=1' },
      { column: 'v', value: 'NaN', key: 'part=a, number=3' },
    ]);
    await expect(read('numeric(5,2)', values, 'fail')).rejects.toEqual(
      failure('v (numeric(5,2)) is NaN in the row part=a, number=1'),
    );
    expect(valuesOf(await read('numeric(5,2)', values, 'string'))).toEqual(['NaN', '1.50', 'NaN']);
  });

  it('a numeric without limits goes into a chosen Decimal when it fits', async () => {
    const values = ['1.25', '1.255', '-1.255', '12345678', '1e75', "'Infinity'", "'-Infinity'"];
    const clamped = await read('numeric', values, 'clamp', 'Decimal(9, 2)');
    // Rounded half away from zero, as round(numeric, int) does; then to the nearest that fits.
    const max = 999_999_999;
    expect(valuesOf(clamped)).toEqual([125, 126, -126, max, max, max, -max]);
    expect(clamped.met.map(({ value }) => value)).toEqual([
      ...['1.255', '-1.255', '12345678', `1${'0'.repeat(75)}`, 'Infinity', '-Infinity'],
    ]);
    expect(valuesOf(await read('numeric', values, 'null', 'Decimal(9, 2)'))).toEqual([
      ...[125, null, null, null, null, null, null],
    ]);
  });

  it('numerics of every size are scaled exactly', async () => {
    const digits = '1234567890'.repeat(8);
    for (const [precision, scale] of [
      ...([
        [9, 0],
        [9, 9],
        [12, 5],
        [15, 3],
        [18, 0],
        [18, 17],
        [38, 20],
        [76, 3],
      ] as const),
    ]) {
      const whole = digits.slice(0, precision - scale);
      const fraction = digits.slice(precision - scale, precision);
      const exact = `${whole || '0'}${scale > 0 ? `.${fraction}` : ''}`;
      const values = [exact, `-${exact}`, '0', `0e0`];
      const table = await read('numeric', values, 'fail', `Decimal(${precision}, ${scale})`);
      const unscaled = BigInt(digits.slice(0, precision));
      expect(valuesOf(table).map((value) => BigInt(value as number))).toEqual([
        ...[unscaled, -unscaled, 0n, 0n],
      ]);
    }
  });

  it('dates beyond Date32 fail by default, and are clamped or NULL when asked', async () => {
    const values = ["'1899-12-31'", "'2300-01-01'", "'infinity'", "'-infinity'", "'4713-01-01 BC'"];
    await expect(read('date', values, undefined)).rejects.toEqual(failure('is 1899-12-31 in'));
    const clamped = await read('date', values, 'clamp');
    expect(valuesOf(clamped)).toEqual([-25_567, 120_529, 120_529, -25_567, -25_567]);
    expect(clamped.met.map(({ value }) => value)).toEqual([
      ...['1899-12-31', '2300-01-01', 'infinity', '-infinity', '4713-01-01 BC'],
    ]);
    expect(valuesOf(await read('date', values, 'null'))).toEqual([null, null, null, null, null]);
    const days = await read('date', values.slice(0, 2), undefined, 'Int32');
    expect(valuesOf(days)).toEqual([-25_568, 120_530]);
  });

  it('timestamps beyond the years 1 to 9999 fail, and are clamped when asked', async () => {
    const values = [
      ...["'0001-01-01 BC'", "'10000-01-01'", "'infinity'", "'-infinity'"],
      ...["'4713-01-01 00:00:00.5 BC'", "'294276-12-31 23:59:59.999999'"],
    ];
    await expect(read('timestamptz', values, undefined)).rejects.toEqual(
      failure('is 0001-01-01 00:00:00 BC in'),
    );
    const clamped = await read('timestamp', values, 'clamp');
    const [min, max] = [-62_135_596_800_000_000n, 253_402_300_799_999_999n];
    expect(valuesOf(clamped)).toEqual([min, max, max, min, min, max]);
    expect(clamped.met.map(({ value }) => value)).toEqual([
      ...['0001-01-01 00:00:00 BC', '10000-01-01 00:00:00', 'infinity', '-infinity'],
      ...['4713-01-01 00:00:00.5 BC', '294276-12-31 23:59:59.999999'],
    ]);
    const before = await read('timestamp', ["'4713-01-01 00:00:00.5 BC'"], 'fail', 'Int64');
    expect(valuesOf(before)).toEqual([-210_863_519_999_500_000n]);
    // In microseconds since 1970, not 2000, the last 29 years that PostgreSQL has are beyond 2^63.
    const last = await read('timestamp', ["'294276-12-31 23:59:59.999999'"], 'clamp', 'Int64');
    expect(valuesOf(last)).toEqual([2n ** 63n - 1n]);
  });

  it('an array of another count of dimensions is at the edge', async () => {
    const values = ["'{1,2}'", "'{{1,2},{3,4}}'"];
    await expect(read('int[]', values, undefined)).rejects.toEqual(
      failure('v (integer[]) is an array of 2 dimensions in the row part=a, number=2'),
    );
    expect(valuesOf(await read('int[]', values, 'null'))).toEqual([[1, 2], []]);
    expect(valuesOf(await read('int[]', values, 'string'))).toEqual(['{1,2}', '{{1,2},{3,4}}']);
  });

  it('an edge inside an array or a range is handled there', async () => {
    const array = await read('numeric(4,1)[]', ["'{1.5,NaN,-2}'"], 'null');
    expect(valuesOf(array)).toEqual([[15, null, -20]]);
    const range = await read('daterange', ["'[1000-01-01,infinity]'"], 'clamp');
    expect(valuesOf(range)).toEqual([[-25_567, 120_529, '[]']]);
    expect(range.met.map(({ value }) => value)).toEqual(['1000-01-01', 'infinity']);
  });

  it('a value above the limit is cut, NULL, or fails', async () => {
    const values = ["'short'", "repeat('x', 101)", "repeat('y', 100000)"];
    await expect(read('text', values, undefined)).rejects.toEqual(
      failure('is a value of 101 bytes in the row part=a, number=2'),
    );
    expect(valuesOf(await read('text', values, 'clamp'))).toEqual([
      ...['short', 'x'.repeat(100), 'y'.repeat(100)],
    ]);
    expect(valuesOf(await read('text', values, 'null'))).toEqual(['short', null, null]);
  });

  it('NULL in a column that was planned without fails and names the row', async () => {
    await server.psql(
      'DROP TABLE IF EXISTS edge; CREATE TABLE edge (v int); INSERT INTO edge VALUES (NULL)',
    );
    const table = (await source.tables()).find(({ name }) => name === 'edge');
    expect(table?.columns[0]?.isNullable).toBe(true);
    const { planTable, readPlanned } = await import('../../../test/support/snapshot-reading.ts');
    const planned = planTable(table!, {});
    const strict = {
      ...planned,
      columns: planned.columns.map((one) => ({ ...one, type: 'Int32' })),
    };
    const snapshot = await source.begin(1);
    await expect(readPlanned(snapshot, strict)).rejects.toEqual(
      failure('v (integer) is NULL in the row 1 of chunk'),
    );
    await snapshot.end();
  });

  it('a chosen type other than the first is filled as well', async () => {
    const cases: readonly (readonly [string, string, string, unknown])[] = [
      ['int4', '-5', 'Int64', -5n],
      ['oid', '4294967295', 'UInt64', 4_294_967_295n],
      ['bool', 'true', 'UInt8', 1],
      ['float4', '0.5', 'Float64', 0.5],
      ['time', "'24:00'", 'Int64', 86_400_000_000n],
      [
        'timetz',
        "'04:05:06+05:30'",
        'Tuple(time Time64(6), offset Int32)',
        [14_706_000_000n, 19_800],
      ],
      [
        ...(['interval', "'1 year 2 days -3 seconds'"] as const),
        ...(['Tuple(months Int32, days Int32, microseconds Int64)', [12, 2, -3_000_000n]] as const),
      ],
      [
        ...(['inet', "'10.1.2.3/8'", 'Tuple(address IPv6, prefix UInt8)'] as const),
        ['\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x01\x02\x03', 8],
      ],
      ['inet', "'::1/64'", 'Tuple(address IPv6, prefix UInt8)', [`${'\0'.repeat(15)}\x01`, 64]],
      ['bit(64)', `B'1${'0'.repeat(62)}1'`, 'UInt64', 2n ** 63n + 1n],
      ['bit(3)', "B'110'", 'UInt64', 6n],
      ['pg_lsn', "'1/2'", 'UInt64', 2n ** 32n + 2n],
      ['money', "'12.34'", 'Decimal(38, 4)', 123_400n],
      ['text', "'x'", 'LowCardinality(String)', 'x'],
      ['int[]', "'{{1},{2}}'", 'Array(Array(Nullable(Int32)))', [[1], [2]]],
    ];
    for (const [type, value, target, expected] of cases) {
      expect([type, ...valuesOf(await read(type, [value], 'fail', target))]).toEqual([
        type,
        expected,
      ]);
    }
  });
});
