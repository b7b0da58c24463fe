/** Every type with its edge values, and how each side prints a value. */
export type Kind = {
  readonly ddl: string;
  readonly values: readonly string[];
  /** The value's text in MariaDB. */
  readonly mysql: (name: string) => string;
  /** The same text in ClickHouse. */
  readonly clickhouse: (name: string) => string;
  /** The text when String is asked for, where it is another. */
  readonly mysqlText?: (name: string) => string;
  readonly isRequired?: boolean;
};

const same = (name: string): string => name;
const asText = (name: string): string => `toString(${name})`;
const asChar = (name: string): string => `CAST(${name} AS CHAR)`;

/** What a column of dates has left when its edges are NULL. */
const realDate = (name: string, more = ''): string => {
  const text = `CAST(${name} AS CHAR)`;
  const isEdge = `${text} LIKE '%-00%' OR ${text} LIKE '0000-%' OR ${text} LIKE '2023-02-31%'`;
  return `IF(${isEdge}${more}, NULL, ${text})`;
};

function plain(ddl: string, ...values: readonly string[]): Kind {
  return { ddl, values, mysql: asChar, clickhouse: asText };
}

/** ClickHouse prints a zero without its scale. */
function decimals(ddl: string, ...values: readonly string[]): Kind {
  const mysql = (name: string): string => `IF(${name} = 0, '0', CAST(${name} AS CHAR))`;
  return { ddl, values, mysql, mysqlText: asChar, clickhouse: asText };
}

function texts(ddl: string, ...values: readonly string[]): Kind {
  const utf8 = (name: string): string => `CONVERT(${name} USING utf8mb4)`;
  return { ddl, values, mysql: utf8, mysqlText: utf8, clickhouse: same };
}

function bytes(ddl: string, ...values: readonly string[]): Kind {
  return { ddl, values, mysql: same, mysqlText: same, clickhouse: same };
}

/** Doubles as ClickHouse and MariaDB both print them: shortest, or in full as decimals. */
function floats(ddl: string, ...values: readonly string[]): Kind {
  const exact = (name: string): string => `CAST(${name} * 1e0 AS CHAR)`;
  return {
    ...{ ddl, values, mysql: exact, mysqlText: exact },
    // Greater ones are printed without an exponent by one of them alone.
    clickhouse: (name) => `toString(toFloat64(${name}))`,
  };
}

function dates(ddl: string, ...values: readonly string[]): Kind {
  return {
    ...{ ddl, values, mysql: (name: string) => realDate(name), mysqlText: asChar },
    clickhouse: asText,
  };
}

function bits(size: number, ...values: readonly string[]): Kind {
  return {
    ...{ ddl: `bit(${size})`, values },
    mysql: (name) => `CAST(${name} + 0 AS CHAR)`,
    mysqlText: (name) => `LPAD(BIN(${name}), ${size}, '0')`,
    clickhouse: asText,
  };
}

function geometry(ddl: string, ...values: readonly string[]): Kind {
  const wkb = (name: string): string => `ST_AsWKB(${name})`;
  return { ddl, values, mysql: wkb, mysqlText: wkb, clickhouse: same };
}

const members = Array.from({ length: 64 }, (_, at) => `'m${at}'`).join(',');
const manyMembers = `'${Array.from({ length: 64 }, (_, at) => `m${at}`).join(',')}'`;
const setKind = (ddl: string, ...values: readonly string[]): Kind => ({
  ...{ ddl, values, mysqlText: asChar },
  mysql: (name) =>
    `IF(${name} IS NULL, '0:', CONCAT(BIT_COUNT(CAST(${name} AS UNSIGNED)), ':', ${name}))`,
  clickhouse: (name) => `concat(toString(length(${name})), ':', arrayStringConcat(${name}, ','))`,
});

export const kinds: readonly Kind[] = [
  plain('tinyint(1)', '0', '1', '2', '-128', '127'),
  plain('tinyint unsigned', '0', '255'),
  plain('smallint', '-32768', '32767'),
  plain('smallint unsigned', '65535'),
  plain('mediumint', '-8388608', '8388607'),
  plain('mediumint unsigned', '16777215'),
  plain('int', '-2147483648', '2147483647'),
  { ...plain('int(10) unsigned zerofill', '42', '4294967295'), mysql: (name) => `CAST(${name} + 0 AS CHAR)` },
  plain('bigint', '-9223372036854775808', '9223372036854775807', '-1', '999999999999999', '1e15'),
  plain('bigint unsigned', '0', '18446744073709551615', '9007199254740993', '4294967296'),
  floats('float', '0.1', '-1.5', '16777216', '3.25e-3'),
  floats('double', '0.1', '-0.1', '123456789012345', '1.2345678901234567', '123456789.125'),
  decimals('decimal(9,4)', '-99999.9999', '99999.9999', '0', '-0.0001'),
  decimals('decimal(18,0)', '-999999999999999999', '999999999999999999', '1'),
  decimals('decimal(18,18)', '0.999999999999999999', '-0.000000000000000001'),
  decimals(
    'decimal(65,30)',
    '-99999999999999999999999999999999999.999999999999999999999999999999',
    '12345678901234567890123456789012345.678901234567890123456789012345',
    '0.000000000000000000000000000001',
  ),
  decimals('decimal(38,0) unsigned', '99999999999999999999999999999999999999', '0'),
  bits(1, "b'0'", "b'1'"),
  bits(9, "b'100000001'"),
  bits(64, '18446744073709551615', '0', '4294967296', '1'),
  { ...plain('year', '0', '1901', '2155'), mysql: (name) => `CAST(${name} + 0 AS CHAR)` },
  {
    ...dates('date',         ...["'0000-00-00'", "'2024-00-10'", "'1000-01-01'", "'9999-12-31'", "'2023-02-31'"],
        ...["'1900-01-01'", "'2299-12-31'", "'2024-02-29'", "'1969-12-31'", "'2000-02-29'"],
      ),
    mysql: (name) => realDate(name, ` OR ${name} < '1900-01-01' OR ${name} > '2299-12-31'`),
  },
  dates('datetime',       ...["'0000-00-00 00:00:00'", "'2024-02-00'", "'0000-01-01'", "'2023-02-31 01:02:03'"],
      ...["'1900-01-01'", "'2299-12-31 23:59:59'", "'1969-12-31 23:59:59'"],
    ),
  dates('datetime(6)', "'1970-01-01 00:00:00.000001'", "'2024-06-30 12:34:56.789012'"),
  dates('datetime(3)', "'1969-12-31 23:59:59.999'", "'2262-04-11 23:47:16.855'"),
  dates('timestamp', "'0000-00-00'", "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'"),
  dates('timestamp(6)', "'2024-03-10 02:30:00.000001'"),
  plain('time', "'-838:59:59'", "'838:59:59'", "'00:00:00'", "'-00:00:01'", "'09:08:07'"),
  plain('time(6)', "'-838:59:59.000000'", "'-00:00:00.000001'", "'100:00:00.999999'"),
  texts('varchar(40)', "''", "'ü😀 \\t\\n\\\\ \\0'", "'  blanks  '"),
  texts('char(5)', "'ab'", "'ab   '", "''"),
  texts('varchar(40) character set latin1', "'é€'", "_latin1 0xC3A9", '_latin1 0x818D8F90'),
  texts('varchar(40) character set utf16', "'ü😀'"),
  texts('varchar(40) character set sjis', "'日本'"),
  texts('varchar(40) collate utf8mb4_bin', "'A'"),
  texts('tinytext', "'x'"),
  texts('mediumtext', "REPEAT('ü', 70000)"),
  texts('longtext', "REPEAT('0123456789', 200000)"),
  bytes('varbinary(40)', "X'FF00FE80'", "''"),
  { ...bytes('binary(4)', "X'FF'", "X'00000000'", "'abcd'"), clickhouse: same },
  bytes('blob', "X'00'", "''", "X'C328'"),
  bytes('longblob', "REPEAT(X'FF00', 100000)"),
  texts("enum('a','it''s','ü,x')", "'a'", "'it''s'", "'ü,x'", "'nothing of it'"),
  setKind("set('a','b''c','ü')", "''", "'a'", "'a,b''c,ü'", "'ü'"),
  {
    ...setKind("set('','x')", '0', '1', '2', '3'),
    // Of '' and x its text shows x alone.
    mysql: (name) => `ELT(1 + IFNULL(${name} + 0, 0), '0:', '1:', '1:x', '2:,x')`,
  },
  setKind(`set(${members})`, manyMembers, "'m63'", "'m0,m63'"),
  texts('json', `'{"b": 1, "a": 1.0, "a": 12345678901234567890}'`, "'null'"),
  plain('uuid', "'123e4567-e89b-12d3-a456-426614174000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"),
  plain('inet4', "'0.0.0.0'", "'255.254.253.1'"),
  plain('inet6', "'::'", "'2001:db8::ff00:42:8329'", "'::ffff:192.0.2.128'", "'fe80::'"),
  {
    ...{ ddl: 'point', isRequired: true, values: ['POINT(1.5, -2.25)', "ST_GeomFromText('POINT(3 4)', 4326)"] },
    mysql: (name) => `CONCAT(ST_X(${name}), ' ', ST_Y(${name}))`,
    mysqlText: (name) => `ST_AsWKB(${name})`,
    clickhouse: (name) => `concat(toString(${name}.1), ' ', toString(${name}.2))`,
  },
  geometry('geometry', "ST_GeomFromText('LINESTRING(0 0, 1 1)', 4326)", 'POINT(1, 2)'),
  geometry('polygon', "ST_GeomFromText('POLYGON((0 0, 0 1, 1 1, 0 0))')"),
  geometry('geometrycollection', "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')"),
];
