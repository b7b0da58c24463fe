/** Events and service checks: what each line says, and which are none (DSD-9, DSD-10). */
import { describe, expect, it } from '@jest/globals';
import type { EventLine } from './event-line.ts';
import { LineParser, lineKind } from './line-parser.ts';
import type { ServiceCheckLine } from './service-check-line.ts';

function read(text: string): EventLine | ServiceCheckLine | 'fault' {
  const bytes = Buffer.from(text);
  const parser = new LineParser({ isPlain: false });
  parser.open(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
  const kind = parser.next();
  if (kind === lineKind.end) return 'fault';
  const line = kind === lineKind.event ? parser.event : parser.serviceCheck;
  return line ?? 'fault';
}

describe('an event', () => {
  const minimal = {
    title: 'test title',
    text: 'test text',
    priority: 'normal',
    alertType: 'info',
    timestampSeconds: 0,
    host: '',
    aggregationKey: '',
    sourceType: '',
    tags: [],
    origin: '',
    external: '',
  };

  it('has a title and a text, told apart by their lengths', () => {
    expect(read('_e{10,9}:test title|test text')).toEqual(minimal);
    expect(read('_e{10,0}:test title|')).toEqual({ ...minimal, text: '' });
    expect(read('_e{10,9}:test|title|test text')).toEqual({ ...minimal, title: 'test|title' });
  });

  it('has its lengths in bytes of UTF-8, not in characters', () => {
    const title = 'naïve ☃';
    expect(read(`_e{${Buffer.byteLength(title)},1}:${title}|x`)).toMatchObject({ title });
    expect(read(`_e{${title.length},1}:${title}|x`)).toBe('fault');
  });

  it('has newlines as a backslash and an n', () => {
    expect(read('_e{4,22}:a\\nb|test\\line1\\nline2\\nlin')).toMatchObject({
      title: 'a\nb',
      text: 'test\\line1\nline2\nlin',
    });
  });

  it('has its fields in any order, the last of each', () => {
    const fields =
      't:warning|d:12345|p:low|h:some.host|k:key|s:source test|#tag1,,tag2:test|c:ci-1';
    expect(read(`_e{5,0}:title||h:other|#gone|${fields}|e:pu-1|card:low`)).toEqual({
      ...minimal,
      title: 'title',
      text: '',
      alertType: 'warning',
      timestampSeconds: 12345,
      priority: 'low',
      host: 'some.host',
      aggregationKey: 'key',
      sourceType: 'source test',
      tags: ['tag1', 'tag2:test'],
      origin: 'ci-1',
      external: 'pu-1',
    });
  });

  it('keeps what it has where a field is wrong', () => {
    const wrong = 'd:abc|p:urgent|t:test|x:1234|d:-5|p:|t:';
    expect(read(`_e{5,4}:title|text|p:low|t:error|d:7|${wrong}`)).toMatchObject({
      priority: 'low',
      alertType: 'error',
      timestampSeconds: 7,
    });
  });

  it.each([
    '_e{10,10}:title|text',
    '_e{0,0}:a|a',
    '_e{0,4}:text',
    '_e{0,9}:|test text',
    '_e{5555:title|text',
    '_e{a,1}:title|text',
    '_e{1,a}:title|text',
    '_e{5,}:title|text',
    '_e{,4}:title|text',
    '_e{}:title|text',
    '_e{,}:title|text',
    '_e{-123,-987}:',
    '_e{5,-987}:title',
    '_e{0001,-9876',
    '_e{5,4}title|text',
    '_e{5,3}:title|text',
    '_e{6,4}:title|text',
    '_e{4,4}:title|text',
    '_e{99999999999999999999,4}:title|text',
    '_e{9999999999,9999999999}:title|text',
    '_e{999999999,999999999}:title|text',
  ])('is not %s', (line) => {
    expect(read(line)).toBe('fault');
  });
});

describe('a service check', () => {
  const minimal = {
    name: 'agent.up',
    status: 0,
    timestampSeconds: 0,
    host: '',
    message: '',
    tags: [],
    origin: '',
    external: '',
  };

  it('has a name and a status', () => {
    for (const status of [0, 1, 2, 3]) {
      expect(read(`_sc|agent.up|${status}`)).toEqual({ ...minimal, status });
    }
  });

  it('has its fields in any order, the last of each, also behind the message', () => {
    const line = '_sc|agent.up|0|h:other|d:22|d:21|h:localhost|#tag1:test,tag2|m:this is\\nfine';
    const expected = {
      ...minimal,
      timestampSeconds: 21,
      host: 'localhost',
      tags: ['tag1:test', 'tag2'],
      message: 'this is\nfine',
    };
    expect(read(line)).toEqual(expected);
    expect(read(`${line}|c:ci-1|e:pu-2|card:low`)).toEqual({
      ...expected,
      origin: 'ci-1',
      external: 'pu-2',
    });
  });

  it('is taken where a field is wrong', () => {
    expect(read('_sc|agent.up|0|d:some_time|u:unknown')).toEqual(minimal);
  });

  it.each([
    '_sc|agent.up',
    '_sc|agent.up|',
    '_sc||',
    '_sc|',
    '_sc||0',
    '_sc|agent.up|OK',
    '_sc|agent.up|21',
    '_sc|agent.up|4',
    '_sc|agent.up|-1',
    '_sc|agent.up|/',
  ])('is not %s', (line) => {
    expect(read(line)).toBe('fault');
  });
});
