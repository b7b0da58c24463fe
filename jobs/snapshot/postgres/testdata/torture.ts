/** A column for every row of the type table with its edges, and what each becomes. */

export type TortureColumn = {
  readonly name: string;
  readonly type: string;
  readonly mapped: string;
  /** SQL; NULL is added to all. */
  readonly values: readonly string[];
};

const column = (
  type: string,
  mapped: string,
  values: readonly string[],
  name = type.replaceAll('"', ''),
): TortureColumn => ({ name, type, mapped, values });

const nines = (count: number): string => '9'.repeat(count);
const instants = [
  "'2000-01-01 00:00:00'",
  "'1969-12-31 23:59:59.999999'",
  "'1970-01-01 00:00:00.000001'",
  "'0001-01-01 00:00:00'",
  "'1000-01-01 00:00:00'",
  "'1714-06-01 12:00:00.5'",
  "'2285-12-31 23:59:59.123456'",
  "'2300-01-02 03:04:05'",
  "'9999-12-31 23:59:59.999999'",
];
const label = "DateTime64(6, 'UTC')";
const texts = ["''", "'a'", "'NULL'", "'\"quoted\", {braced}\\'", "E'line\\nend\\t'", "'žluťoučký 𝒳 🦉'"];

export const before = `
  CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree;
  CREATE TYPE mood AS ENUM ('sad', 'it''s "quoted"', 'with space', 'žlutý', '');
  CREATE DOMAIN small AS int2 CHECK (VALUE > -100);
  CREATE DOMAIN price AS numeric(10,2);
  CREATE DOMAIN nested AS price;
  CREATE TYPE pair AS (number int4, "te xt" text, amount numeric(6,2), feeling mood, day date);
  CREATE TYPE odd AS (a inet, b int4);
  CREATE TYPE deep AS (first pair, list int4[]);
  CREATE TYPE vector AS (a float4, b float4);
  CREATE FUNCTION reals(vector) RETURNS real[] LANGUAGE sql IMMUTABLE STRICT
    AS 'SELECT ARRAY[($1).a, ($1).b]';
  CREATE CAST (vector AS real[]) WITH FUNCTION reals(vector);`;

// biome-ignore format: a table of types and values.
export const torture: readonly TortureColumn[] = [
  column('boolean', 'Bool', ['true', 'false']),
  column('smallint', 'Int16', ['-32768', '32767', '0']),
  column('integer', 'Int32', ['-2147483648', '2147483647', '0']),
  column('bigint', 'Int64', [
    ...['-9223372036854775808', '9223372036854775807', '-1', '4294967296', '-4294967297'],
  ]),
  column('oid', 'UInt32', ['0', '4294967295']),
  column('real', 'Float32', ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", '0.1', '3.4028235e38']),
  column('double precision', 'Float64', [
    ...["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", '0.1', '5e-324', '1.7976931348623157e308'],
  ]),
  column('numeric(9,2)', 'Decimal(9, 2)', ['0', '-0.01', '1234567.89', '-9999999.99', '10000']),
  column('numeric(15,5)', 'Decimal(15, 5)', ['0.00001', '-9999999999.99999', '10000.0001']),
  column('numeric(18,6)', 'Decimal(18, 6)', ['999999999999.999999', '-0.000001', '40000000']),
  column('numeric(38,10)', 'Decimal(38, 10)', [`${nines(28)}.${nines(10)}`, '-1e27', '0.0000000001']),
  column('numeric(76,0)', 'Decimal(76, 0)', [nines(76), `-${nines(76)}`, '1e75', '1e4']),
  column('numeric(76,76)', 'Decimal(76, 76)', [`0.${nines(76)}`, '-1e-76']),
  column('numeric(3,5)', 'Decimal(5, 5)', ['0.00999', '-0.00001']),
  column('numeric(5,-2)', 'Decimal(7, 0)', ['1234500', '-9999900', '0']),
  column('numeric', 'String', [
    ...["'NaN'", "'Infinity'", "'-Infinity'", '1e75', '1.50', '0.000', '-1e-30', '12345.678900'],
    ...['10000', '100000000.0001', '0'],
  ]),
  column('numeric(100,50)', 'String', [`${nines(50)}.${nines(50)}`, '0']),
  column('money', 'Decimal(19, 2)', ["'-92233720368547758.08'", "'92233720368547758.07'", '1.5']),
  column('character(5)', 'String', ["'ab'", "''", "'abcde'"]),
  column('character varying(40)', 'String', texts),
  column('text', 'String', [...texts, `repeat('long', 50000)`]),
  column('citext', 'String', ["'MiXed'"]),
  column('name', 'String', ["'a_name'"]),
  column('"char"', 'String', ["'x'", "''"], 'one_char'),
  column('xml', 'String', ["'<a b=\"c\">d</a>'"]),
  column('bytea', 'String', ["'\\x'", "'\\x00ff10'", "'\\x5c6e0a22'"]),
  column('date', 'Date32', ["'1900-01-01'", "'2299-12-31'", "'1970-01-01'", "'1969-12-31'"]),
  column('timestamp without time zone', label, instants, 'stamp'),
  column('timestamp(3) without time zone', label, ["'2024-02-29 23:59:59.9996'"], 'stamp3'),
  column('timestamp with time zone', label, [
    ...instants.map((text) => `${text.slice(0, -1)}+00'`),
    "'2024-06-30 12:00:00 Asia/Kolkata'",
  ]),
  column('time without time zone', 'Time64(6)', ["'00:00'", "'24:00'", "'23:59:59.999999'"]),
  column('time with time zone', 'String', ["'04:05:06.789+05:30'", "'24:00-15:59:59'"]),
  column('interval', 'String', [
    ...["'1 year 2 mons -3 days 04:05:06.789'", "'0'", "'-178000000 years'", "'1 microsecond'"],
  ]),
  column('uuid', 'UUID', ["'00112233-4455-6677-8899-aabbccddeeff'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"]),
  column('json', 'String', [`'{"a": 1,  "a":[2, null], "b":"\\u00e9\\""}'`, `'null'`, `'1e2'`]),
  column('jsonb', 'String', [`'{"b": 1, "a":[2, null], "b":"x\\""}'`, `'null'`, `'1e2'`]),
  column('hstore', 'Map(String, Nullable(String))', [`'a=>1, "b c"=>NULL, "q\\"x"=>"\\\\"'`, "''"]),
  column('inet', 'String', ["'10.1.2.3/8'", "'::1'", "'::ffff:1.2.3.4/128'"]),
  column('cidr', 'String', ["'10.0.0.0/8'", "'2001:db8::/32'"]),
  column('macaddr', 'String', ["'08:00:2b:01:02:03'"]),
  column('macaddr8', 'String', ["'08:00:2b:01:02:03:04:05'"]),
  column('bit(3)', 'String', ["B'101'", "B'000'"]),
  column('bit varying(70)', 'String', ["B''", `B'${'10'.repeat(35)}'`]),
  column('mood', 'LowCardinality(String)', ["'sad'", "'it''s \"quoted\"'", "'žlutý'", "''"]),
  column('small', 'Int16', ['-99', '32767']),
  column('nested', 'Decimal(10, 2)', ['12.50', '-0.01']),
  column(
    'pair',
    'Tuple(number Nullable(Int32), `te xt` Nullable(String), amount Nullable(Decimal(6, 2)), feeling LowCardinality(Nullable(String)), day Nullable(Date32))',
    [`(1, 'a "b", (c)', -12.50, 'with space', '2020-02-29')`, `(NULL, '', NULL, '', NULL)`],
  ),
  column('odd', 'String', ["('10.0.0.1', 2)"]),
  column('integer[]', 'Array(Nullable(Int32))', ["'{1,NULL,-3}'", "'{}'"]),
  column('text[]', 'Array(Nullable(String))', [`ARRAY['a', NULL, 'NULL', '', 'b"c', '{d}', 'e,f']`]),
  column('numeric(5,2)[]', 'Array(Nullable(Decimal(5, 2)))', ["'{1.50,NULL,-999.99}'"]),
  column('mood[]', 'Array(LowCardinality(Nullable(String)))', [`ARRAY['sad', NULL, 'with space']::mood[]`]),
  column('uuid[]', 'Array(Nullable(UUID))', ["'{00112233-4455-6677-8899-aabbccddeeff}'"]),
  column('timestamp with time zone[]', `Array(Nullable(${label}))`, ["'{\"2020-01-01 00:00:00+01\"}'"], 'stamps'),
  column('jsonb[]', 'Array(Nullable(String))', [`ARRAY['{"a": 1}', NULL]::jsonb[]`]),
  column('interval[]', 'Array(Nullable(String))', ["'{1 day,NULL,02:00}'"]),
  column('inet[]', 'Array(Nullable(String))', ["'{10.0.0.1,NULL}'"]),
  column('box[]', 'Array(Nullable(String))', ["'{(1,1),(0,0);(2,2),(1,1)}'"]),
  column('boolean[]', 'Array(Nullable(Bool))', ["'{t,f,NULL}'"]),
  column('small[]', 'Array(Nullable(Int16))', ["'{5,NULL}'"]),
  column('integer[][][]', 'Array(Array(Array(Nullable(Int32))))', ["'{{{1,2},{3,NULL}},{{5,6},{7,8}}}'", "'{}'"], 'cube'),
  column('int4range', 'Tuple(lower Nullable(Int32), upper Nullable(Int32), bounds String)', ["'[1,5)'", "'(,)'", "'empty'", "'[,7)'"]),
  column('numrange', 'Tuple(lower Nullable(String), upper Nullable(String), bounds String)', ["'[1.50,2]'", "'(0.1,)'"]),
  column('tstzrange', `Tuple(lower Nullable(${label}), upper Nullable(${label}), bounds String)`, ["'[2020-01-01 00:00+00, 2021-01-01 00:00+00)'"]),
  column('int8multirange', 'Array(Tuple(lower Nullable(Int64), upper Nullable(Int64), bounds String))', ["'{[1,3),[7,)}'", "'{}'"]),
  column('point', 'Point', ["'(1.5,-2)'"]),
  column('polygon', 'Array(Point)', ["'((0,0),(1,0),(1,1.5))'"]),
  column('box', 'String', ["'(1,1),(0,0)'"]),
  column('circle', 'String', ["'<(1,2),3>'"]),
  column('vector', 'Array(Float32)', ['ROW(1.5, -2)::vector']),
  column('tsvector', 'String', ["'a:1A fat:2B'"]),
  column('tsquery', 'String', ["'a & b'"]),
  column('ltree', 'String', ["'a.b.c'"]),
  column('pg_lsn', 'String', ["'16/B374D848'"]),
  column('xid8', 'String', ["'18446744073709551615'"]),
  column('txid_snapshot', 'String', ["'10:20:10,14'"]),
  column('regclass', 'String', ["'pg_catalog.pg_class'"]),
  column('jsonpath', 'String', ["'$.a[*]'"]),
  column('int2vector', 'String', ["'1 2'"]),
];
