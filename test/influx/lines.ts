/**
 * Lines at the edges of the grammar, each with what InfluxDB 1.6 decides, and where we decide
 * otherwise, why. A judge that is asked again (`lines.test.ts`) keeps the first half honest.
 */
export type Case = {
  readonly line: string;
  /** What InfluxDB 1.6 answers: 204, or 400. */
  readonly accepted: boolean;
  /** Present: we decide the other way, and this is why. */
  readonly otherwise?: string;
  /** Its time is outside of what is kept: that is another question than its grammar. */
  readonly outside?: true;
};

const yes = (line: string): Case => ({ line, accepted: true });
const outside = (time: string): Case => ({ ...yes(`m f=1 ${time}`), outside: true });
const no = (line: string): Case => ({ line, accepted: false });

export const cases: readonly Case[] = [
  // Kinds of values.
  ...['1', '-1', '1.', '.5', '1e3', '1E-3', '1e+3', '-0', '007'].map((value) =>
    yes(`m f=${value}`),
  ),
  ...['1i', '-1i', '0i', '007i', '9223372036854775807i', '-9223372036854775808i'].map((value) =>
    yes(`m f=${value}`),
  ),
  ...['t', 'T', 'true', 'True', 'TRUE', 'f', 'F', 'false', 'False', 'FALSE'].map((value) =>
    yes(`m f=${value}`),
  ),
  ...['""', '"a b,c=d"', '"a \\"quoted\\" word"', '"C:\\\\dir"', '"a \\b"', '"é ☀"'].map((value) =>
    yes(`m f=${value}`),
  ),
  yes('m f="two\nlines"'),
  ...['', 'x', 'truee', 'tRUE', "'single'", '"open', 'open"', '1x', '1.5i', 'i', '-', '1I'].map(
    (value) => no(`m f=${value}`),
  ),
  ...['NaN', 'nan', 'inf', '-Inf', '0x10', '1_000'].map((value) => no(`m f=${value}`)),
  ...['9223372036854775808i', '-9223372036854775809i', '1e400'].map((value) => no(`m f=${value}`)),
  { line: 'm f=1u', accepted: false, otherwise: 'version 2 has unsigned integers' },
  // Times.
  ...['0', '-1', '1', '1465839830100400200'].map(outside),
  ...['9223372036854775806', '-9223372036854775806'].map(outside),
  ...['x', '1.5', '5x', '1 1', '9223372036854775808'].map((time) => no(`m f=1 ${time}`)),
  // Spaces, commas, ends of lines.
  yes('  m f=1'),
  yes('m f=1 '),
  { ...yes('m f=1  5'), outside: true },
  yes('m  f=1'),
  { line: 'm f=1\r', accepted: false, otherwise: 'lines may end as those of Windows do' },
  { ...no('m f=1 5\r'), outside: true },
  yes('# a comment'),
  yes('#m f=1\nm f=1'),
  yes('\n\nm f=1\n\n'),
  no('m f=1, g=2'),
  no('m f=1,'),
  no('m f=1,,g=2'),
  no('m,f=1'),
  no('m'),
  no('m f'),
  no('m =1'),
  no(',t=a f=1'),
  // Tags.
  yes('m,t=a,u=b f=1'),
  yes('m,u=b,t=a f=1'),
  no('m,t f=1'),
  no('m,t= f=1'),
  no('m, f=1'),
  no('m,=a f=1'),
  no('m,t=a,t=b f=1'),
  no('m,t=a=b f=1'),
  // Escapes.
  yes('m\\,n\\ o,t\\ u\\=\\,=v\\ w\\=\\, f\\ g\\=\\,=1'),
  yes('m\\n,t=a\\b f=1'),
  yes('"m" f=1'),
  yes('m,t="a" f=1'),
  no('m,t=a\\ f=1 f=1'),
  yes('météo,lieu=Zürich température=1'),
  // Names.
  yes('_m _f=1'),
  yes('m f=1,f=2'),
];
