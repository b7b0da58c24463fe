/** Whole bodies: what is stored of one with bad lines, its times, strings as log records. */
import { describe, expect, it } from '@jest/globals';
import { createOpenBlocks } from '../blocks.ts';
import { decodeInto } from '../decode.ts';
import type { DecodeResult } from '../decode-types.ts';
import { encodeRequest } from '../testdata/otlp.ts';
import { toldLines } from './faults.ts';
import { readParameters, writeParameters } from './parameters.ts';
import { decodeLinesOnce, pointsOf, receivedAtNs } from './testdata/points.ts';

const dayNs = 86_400_000_000_000n;

function decode(text: string, parameters = 'precision=ns', ageDaysMax = 30): DecodeResult {
  const body = new Uint8Array(Buffer.from(text));
  const input = { signal: 'metrics', contentType: 'influx', parameters, body } as const;
  return decodeInto(createOpenBlocks(), { ...input, receivedAtNs, ageDaysMax });
}

describe('a body of lines', () => {
  it('may have blank lines, comments, CRLF, and no end of its last line', () => {
    const text = '\n\r\n# a=1 b\n  # "\n\t\nm v=1\r\n\n#\r\nm w=2\n   \nm x=3';
    expect(pointsOf(text)).toEqual(['m_v 1', 'm_w 2', 'm_x 3']);
    expect(decode('')).toMatchObject({ outcome: 'decoded', accepted: 0, rejected: 0 });
    expect(decode('# only\r\n')).toMatchObject({ outcome: 'decoded', accepted: 0, rejected: 0 });
    expect(decode('m v=1\r')).toMatchObject({ outcome: 'decoded', accepted: 1 });
  });

  it('gives the same rows wherever it lies in memory', () => {
    const text = Buffer.from('cpu,host=a,b=c v=1.25,s="x\\"y" 1795003199000000000\nm w=2i');
    const { rows } = decodeLinesOnce(new Uint8Array(text));
    for (let offset = 0; offset < 40; offset += 1) {
      const memory = Buffer.alloc(offset + text.length + (offset % 7), 0x3d);
      memory.set(text, offset);
      const body = memory.subarray(offset, offset + text.length);
      expect(decodeLinesOnce(body).rows).toEqual(rows);
    }
  });

  it('gives the same rows on any later day', () => {
    const text = 'm,t=a v=1,s="x"\nbad\nm w=2 1795003199000000000\nm v=1 1\n';
    expect(decodeLinesOnce(new Uint8Array(Buffer.from(text))).rows).toEqual(
      decodeLinesOnce(new Uint8Array(Buffer.from(text))).rows,
    );
    expect(decode(text)).toEqual(decode(text));
  });

  it('keeps its good lines, and names the bad ones with what is wrong', () => {
    const lines = ['m v=1', 'm', '', 'm v=x', '# no', 'm s="a', 'm v=2', 'm v=1 0'];
    expect(decode(lines.join('\n'))).toMatchObject({
      outcome: 'decoded',
      accepted: 2,
      rejected: 4,
      message:
        "line 2: unable to parse 'm': missing fields\n" +
        "line 4: unable to parse 'm v=x': " +
        'invalid value: neither a number, a boolean nor a quoted string\n' +
        `line 6: unable to parse 'm s="a': unbalanced quotes\n` +
        'line 8: the time lies outside the range that is stored',
    });
  });

  it('names the first eight bad lines and counts all', () => {
    const { message, rejected } = decode(`m v=1\n${'bad\n'.repeat(100)}`) as never;
    expect(rejected).toBe(100);
    expect(toldLines(message).map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(message).toMatch(/\nand 92 more$/);
  });

  it('takes no line of a quoted string for one of its own', () => {
    const forged = 'm,t=a,t=b s="x\nforged v=1\n" 1\nm v=1\n';
    expect(decode(forged)).toMatchObject({ accepted: 1, rejected: 3 });
    expect(decode(forged)).toMatchObject({
      message: `lines 1 to 3: unable to parse 'm,t=a,t=b s="x': duplicate tags`,
    });
    expect(pointsOf(forged)).toEqual(['m_v 1']);
  });

  it('is malformed when not one of its lines is any', () => {
    expect(decode('# no\nbad\nm v=x')).toEqual({
      outcome: 'malformed',
      message: expect.stringMatching(
        /^line 2: unable to parse 'bad': missing fields\nline 3: unable to parse 'm v=x': invalid/,
      ),
      offset: 8,
    });
  });

  it('is refused whole when its sender wants all or nothing', () => {
    const text = 'm v=1\nbad';
    const result = decode(text, 'precision=ns&partial=no');
    expect(result).toMatchObject({
      outcome: 'malformed',
      message: "line 2: unable to parse 'bad': missing fields",
    });
    expect(decode('m v=1', 'precision=ns&partial=no')).toMatchObject({ accepted: 1 });
  });

  it('leaves nothing behind in the blocks when it is refused', () => {
    const blocks = createOpenBlocks();
    const body = new Uint8Array(Buffer.from('m,t=a v=1,s="x"\nbad'));
    const parameters = 'precision=ns&partial=no';
    decodeInto(blocks, {
      signal: 'metrics',
      contentType: 'influx',
      parameters,
      body,
      receivedAtNs,
    });
    expect(blocks.isEmpty()).toBe(true);
    expect(blocks.encode(1n)).toEqual([]);
  });

  it('rejects lines whose time the table would drop, by number', () => {
    const at = (days: bigint): string => String(receivedAtNs - days * dayNs);
    const text = `m v=1 ${at(29n)}\nm v=1 ${at(31n)}\nm v=1 ${at(-2n)}\nm v=1 -5`;
    const why = 'the time lies outside the range that is stored';
    expect(decode(text)).toMatchObject({
      accepted: 1,
      rejected: 3,
      message: `line 2: ${why}\nline 3: ${why}\nline 4: ${why}`,
    });
    // Lines they are: a request of nothing else is not malformed.
    expect(decode(`m v=1 ${at(31n)}`)).toMatchObject({ outcome: 'decoded', accepted: 0 });
  });

  it('has times of its own only when every line has one', () => {
    const time = String(receivedAtNs - 1n);
    expect(decode(`m v=1 ${time}\nm w=1 ${time}`)).toMatchObject({ hasOwnTimes: true });
    expect(decode(`m v=1 ${time}\nm w=1`)).toMatchObject({ hasOwnTimes: false });
    expect(decode('m s="a"')).toMatchObject({ hasOwnTimes: false });
    expect(decode('m s="a"', 'strings=logs')).toMatchObject({ hasOwnTimes: false });
    expect(decode(`m s="a" ${time}`, 'strings=logs')).toMatchObject({ hasOwnTimes: true });
  });

  it('is full when it has more rows than a block, and leaves the block as it was', () => {
    const blocks = createOpenBlocks();
    const body = new Uint8Array(Buffer.from('m v=1\n'.repeat(1_048_450)));
    const input = { signal: 'metrics', contentType: 'influx', parameters: '', body } as const;
    expect(decodeInto(blocks, { ...input, receivedAtNs })).toEqual({ outcome: 'full' });
    expect(blocks.isEmpty()).toBe(true);
  });
});

describe('strings as log records', () => {
  const logs = 'precision=ns&db=d&strings=logs&logs_days=7';

  function logRows(text: string): readonly string[] {
    const { units } = decodeLinesOnce(new Uint8Array(Buffer.from(text)), logs);
    return units.map((unit) => `${unit.table} ${unit.rows} ${unit.checksum}`);
  }

  /** What OTLP's decoder makes of the records that the lines should be. */
  function expectedRows(
    points: readonly Record<string, unknown>[],
    records: readonly object[],
  ): readonly string[] {
    const attributes = [{ key: 'influxdb.database', value: { string_value: 'd' } }];
    const blocks = createOpenBlocks();
    const input = { contentType: 'protobuf', receivedAtNs } as const;
    const metrics = points.map(({ name, ...point }) => ({
      name,
      gauge: { data_points: [point] },
    }));
    const sent = [
      [
        'metrics',
        { resource_metrics: [{ resource: { attributes }, scope_metrics: [{ metrics }] }] },
      ],
      [
        'logs',
        { resource_logs: [{ resource: { attributes }, scope_logs: [{ log_records: records }] }] },
      ],
    ] as const;
    for (const [signal, request] of sent) {
      decodeInto(blocks, { ...input, signal, body: encodeRequest(signal, request) });
    }
    return blocks.encode(7n).map((unit) => `${unit.table} ${unit.rows} ${unit.checksum}`);
  }

  const text = (key: string, value: string): object => ({ key, value: { string_value: value } });
  const time_unix_nano = '1795003199000000000';

  it('keep the one string as the body, its field, the tags and the measurement', () => {
    const body = `deploy,env\\ x=1,zone=b note="v2 \\"out\\"",took=3i ${time_unix_nano}`;
    const attributes = [text('env x', '1'), text('zone', 'b')];
    expect(logRows(body)).toEqual(
      expectedRows(
        [{ name: 'deploy_took', time_unix_nano, as_int: '3', attributes }],
        [
          {
            time_unix_nano,
            body: { string_value: 'v2 "out"' },
            attributes: [text('env x', '1'), text('influxdb.field', 'note'), text('zone', 'b')],
            event_name: 'deploy',
          },
        ],
      ),
    );
  });

  it('of several strings, the one named message is the body, else the first', () => {
    const record = (body: string, field: string, key: string, value: string): object => ({
      time_unix_nano,
      body: { string_value: body },
      attributes: [text(key, value), text('influxdb.field', field)],
      event_name: 'm',
    });
    const lines = `m a="1",message="2" ${time_unix_nano}\nm b="1",c="2" ${time_unix_nano}`;
    expect(logRows(lines)).toEqual(
      expectedRows([], [record('2', 'message', 'a', '1'), record('1', 'b', 'c', '2')]),
    );
  });

  it('are counted apart from the points', () => {
    const result = decode('m v=1,s="a",w=2\nm s="b"', 'strings=logs');
    expect(result).toMatchObject({ accepted: 4, logRecords: 2, rejected: 0 });
    expect(decode('m v=1,s="a",w=2\nm s="b"')).toMatchObject({ accepted: 4, logRecords: 0 });
  });

  it('are rejected when older than the table of logs keeps them, without their numbers', () => {
    const old = String(receivedAtNs - 8n * dayNs);
    expect(decode(`m v=1,s="a" ${old}\nm s="b"`, logs)).toMatchObject({
      accepted: 2,
      logRecords: 1,
      rejected: 1,
      message: 'line 1: its strings are older than log records are kept',
    });
  });
});

describe('parameters', () => {
  it('are the same text for the same settings, and are read back', () => {
    const given = {
      precision: 'ms',
      database: 'a&b=c é\0',
      retentionPolicy: 'r',
      organization: 'o',
      bucket: 'x/y',
      strings: 'logs',
      logsDays: 7,
      acceptsPartial: false,
    } as const;
    const text = writeParameters(given);
    expect(text).toBe(
      'precision=ms&db=a%26b%3Dc%20é%00&rp=r&org=o&bucket=x/y&strings=logs&logs_days=7&partial=no',
    );
    expect(readParameters(text)).toEqual(given);
    const usual = { precision: 'ns', strings: 'info', logsDays: 0, acceptsPartial: true } as const;
    expect(readParameters('')).toEqual(usual);
    expect(writeParameters(usual)).toBe('precision=ns');
  });
});
