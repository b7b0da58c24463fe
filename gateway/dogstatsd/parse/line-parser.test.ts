/** Lines of DogStatsD and StatsD: what each becomes, and what a faulty one costs. */
import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../../test/support/random.ts';
import { datagrams } from '../testdata/load.ts';
import { described, readByParser, readPlainly } from '../testdata/oracle.ts';
import { type IgnoredPart, ignoredParts, type LineFault, lineFaults } from './counts.ts';
import { LineParser, lineKind } from './line-parser.ts';

const seed = 1 + (Date.now() % 1_000_000);

function open(text: string | Uint8Array, isPlain = false): LineParser {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const parser = new LineParser({ isPlain });
  parser.open(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
  return parser;
}

/** The one metric of a text. */
function metric(text: string, isPlain = false): Record<string, unknown> {
  const parser = open(text, isPlain);
  const kind = parser.next();
  expect([text, kind]).toEqual([text, lineKind.metric]);
  const read = described(parser, kind);
  expect(parser.next()).toBe(lineKind.end);
  return read;
}

const plain = { rate: 1, seconds: 0, tags: '', origin: '', external: '' };

describe('a metric line', () => {
  it('has one of six types (DSD-3)', () => {
    const types = { c: 'count', g: 'gauge', h: 'histogram', ms: 'timer', d: 'distribution' };
    for (const [letters, type] of Object.entries(types)) {
      expect(metric(`daemon:666|${letters}`)).toMatchObject({ ...plain, type, values: [666] });
    }
    expect(metric('daemon:abc|s')).toMatchObject({ ...plain, type: 'set', values: 'abc' });
  });

  it('may pack values, of which empty ones are passed over (DSD-4)', () => {
    expect(metric('x:1:2.5:-3|h')).toMatchObject({ values: [1, 2.5, -3] });
    expect(metric('x:21::22:|c')).toMatchObject({ values: [21, 22] });
    expect(metric(`x:${'7:'.repeat(5000)}|d`)).toMatchObject({ values: Array(5000).fill(7) });
  });

  it('counts as a member of a set all that follows the first colon (DSD-4)', () => {
    expect(metric('x:abc:d,e#f@g|s')).toMatchObject({ values: 'abc:d,e#f@g' });
  });

  it('has rate, tags, origin, external data and timestamp in any order, the last of each', () => {
    const expected = {
      rate: 0.25,
      seconds: 1657100430,
      tags: 'a:1,b',
      origin: 'ci-abc,in-5',
      external: 'it-false,cn-web,pu-1',
    };
    const fields = ['@0.25', 'T1657100430', '#a:1,b', 'c:ci-abc,in-5', 'e:it-false,cn-web,pu-1'];
    expect(metric(`x:1|c|${fields.join('|')}`)).toMatchObject(expected);
    expect(metric(`x:1|c|${fields.toReversed().join('|')}`)).toMatchObject(expected);
    const earlier = '@0.5|T1|#z|c:z|e:z|card:low';
    expect(metric(`x:1|c|${earlier}|${fields.join('|')}`)).toMatchObject(expected);
  });

  it('has its tags as they are, empty or not UTF-8', () => {
    expect(metric('x:1|c|#')).toMatchObject(plain);
    expect(metric('♬†:1|g|#intitulé:T0µ')).toMatchObject({
      name: Buffer.from('♬†').toString('latin1'),
      tags: Buffer.from('intitulé:T0µ').toString('latin1'),
    });
  });

  it('needs no rate where the type has no use for it, but no wrong one either (DSD-7)', () => {
    expect(metric('x:1|g|@0.1')).toMatchObject({ rate: 1 });
    expect(metric('x:1|s|@0.1')).toMatchObject({ rate: 1 });
    expect(open('x:1|g|@abc').next()).toBe(lineKind.end);
  });

  it('is ended by a newline, a carriage return before it, or the end', () => {
    const parser = open('\n\r\na:1|c\r\n\n\nb:2|c|#x\r\nc:3|c|#y\r');
    const read = [];
    for (let kind = parser.next(); kind !== lineKind.end; kind = parser.next()) {
      read.push(described(parser, kind));
    }
    expect(read).toMatchObject([
      { name: 'a', tags: '' },
      { name: 'b', tags: 'x' },
      { name: 'c', tags: 'y' },
    ]);
    expect(parser.counts.lines).toBe(3);
  });

  it('may begin with an underscore when it is neither an event nor a check (DSD-8)', () => {
    expect(metric('_scale:1|c')).toMatchObject({ name: '_scale' });
    expect(metric('_e:1|c')).toMatchObject({ name: '_e' });
    expect(metric('_:1|c')).toMatchObject({ name: '_' });
  });
});

describe('a gauge with a sign', () => {
  it('is a value in DogStatsD and a change in plain StatsD (DSD-11)', () => {
    expect(metric('x:-4|g')).toMatchObject({ values: [-4], changes: [false] });
    expect(metric('x:-4|g', true)).toMatchObject({ values: [-4], changes: [true] });
    expect(metric('x:+4|g', true)).toMatchObject({ values: [4], changes: [true] });
    expect(metric('x:4|g', true)).toMatchObject({ values: [4], changes: [false] });
    expect(metric('x:-4|c', true)).toMatchObject({ values: [-4], changes: [false] });
  });
});

const faulty: readonly (readonly [string, LineFault])[] = [
  ['gibberish', 'form'],
  ['daemon:666', 'form'],
  ['abc666|g', 'form'],
  ['|c', 'form'],
  [':666|g', 'name'],
  ['daemon:|g', 'value'],
  ['daemon::|g', 'value'],
  ['daemon:abc|g', 'value'],
  ['daemon:1:x|g', 'value'],
  ['daemon:1_0|g', 'value'],
  ['daemon:nan|g', 'not_finite'],
  ['daemon:1:-Inf|d', 'not_finite'],
  ['daemon:1e300|g', 'out_of_range'],
  ['daemon:666|', 'type'],
  ['daemon:666|unknown', 'type'],
  ['daemon:666|m', 'type'],
  ['daemon:666|mS', 'type'],
  ['daemon:666|c|@', 'rate'],
  ['daemon:666|c|@0', 'rate'],
  ['daemon:666|c|@-0.5', 'rate'],
  ['daemon:666|c|@1.01', 'rate'],
  ['daemon:666|c|@nan', 'rate'],
  ['daemon:666|c|@1e-30', 'rate'],
  ['daemon:666|c|@2|@0.5', 'rate'],
  ['daemon:666|c|T', 'timestamp'],
  ['daemon:666|c|T0', 'timestamp'],
  ['daemon:666|c|T-5', 'timestamp'],
  ['daemon:666|c|T1.5', 'timestamp'],
  ['daemon:666|c|T99999999999', 'timestamp'],
  ['_e{5,4}:title', 'event'],
  ['_sc|name|4', 'service_check'],
];

describe('a faulty line', () => {
  it('costs itself and no other, and is counted with its reason', () => {
    for (const [line, reason] of faulty) {
      const parser = open(`before:1|c\n${line}\nafter:2|c`);
      expect([line, parser.next(), parser.nameEnd]).toEqual([line, lineKind.metric, 6]);
      expect([line, parser.next()]).toEqual([line, lineKind.metric]);
      expect(described(parser, lineKind.metric)).toMatchObject({ name: 'after', values: [2] });
      expect(parser.next()).toBe(lineKind.end);
      const counted = lineFaults.filter((name) => parser.counts.faultsOf(name) > 0);
      expect([line, counted, parser.counts.lines]).toEqual([line, [reason], 3]);
    }
    const reasons = new Set(faulty.map(([, reason]) => reason));
    expect(lineFaults.filter((reason) => !reasons.has(reason))).toEqual([]);
  });
});

describe('a part that nobody knows', () => {
  it('is passed over and counted, the line is taken (trap 18)', () => {
    const table: readonly (readonly [string, IgnoredPart])[] = [
      ['x:1|c|m:test', 'unknown_field'],
      ['x:1|c|', 'unknown_field'],
      ['x:1|c||#a', 'unknown_field'],
      ['x:1|c|z', 'unknown_field'],
      ['x:1|c|cardinal', 'unknown_field'],
      ['x:1|h|T1657100430', 'timestamp_of_type'],
      ['_e{5,4}:title|text|x:1', 'event_field'],
      ['_e{5,4}:title|text|p:urgent', 'event_field'],
      ['_sc|up|0|d:some_time', 'service_check_field'],
    ];
    for (const [line, part] of table) {
      const parser = open(line);
      expect([line, parser.next() !== lineKind.end]).toEqual([line, true]);
      const counted = ignoredParts.filter((name) => parser.counts.ignoredOf(name) > 0);
      expect([line, counted]).toEqual([line, [part]]);
    }
  });

  it('is not what version 1.6 brings', () => {
    const parser = open('x:1|c|c:ci-a,in-1|e:it-true,cn-b,pu-c|card:orchestrator|#a|@1|T1');
    expect(parser.next()).toBe(lineKind.metric);
    expect([...parser.counts.ignored].every((count) => count === 0)).toBe(true);
  });
});

describe('the parser and its oracle', () => {
  it(`read the same out of ordinary and of broken datagrams (seed ${seed})`, () => {
    const random = seededRandom(seed);
    const pieces = '|:#@,.\n\r0159eETcgshmd_{}+-'.split('');
    for (const datagram of datagrams(60, 400, seed)) {
      for (let round = 0; round < 20; round += 1) {
        const bytes = Buffer.from(datagram);
        for (let changes = random.below(12); changes > 0; changes -= 1) {
          bytes[random.below(bytes.length)] = pieces[random.below(pieces.length)]!.charCodeAt(0);
        }
        const isPlain = random.oneIn(2);
        const parser = new LineParser({ isPlain });
        expect(readByParser(parser, bytes)).toEqual(readPlainly(bytes, isPlain));
      }
    }
  });
});
