/** What the server of the tests has not, and types that are chosen rather than given. */
import { describe, expect, it } from '@jest/globals';
import { type Recorded, recordRows } from '../../../test/support/mysql-columns.ts';
import type { EdgePolicy } from '../source.ts';
import { chooseDecoder } from './decoders.ts';
import { makeSlot } from './slot.ts';
import { mapType } from './types.ts';

describe('decoders of MySQL', () => {
  it('take the vectors of MySQL 9 and MariaDB 11.7', () => {
    const bytes = Buffer.from(new Float32Array([1.5, -0.25]).buffer);
    expect(mapType('vector(2)').type).toBe('Array(Float32)');
    expect(decoded('vector(2)', 'Array(Float32)', bytes)).toEqual([1.5, -0.25]);
    expect(decoded('vector(2)', 'String', bytes)).toBe(Buffer.from('[1.5,-0.25]').toString('hex'));
  });

  it('keep the SRID beside the WKB where a tuple is chosen', () => {
    const bytes = Buffer.from('e61000000101', 'hex');
    expect(decoded('geometry', 'Tuple(UInt32, String)', bytes)).toEqual([4326, '0101']);
  });

  it('take times as microseconds where Int64 is chosen', () => {
    expect(decoded('time(3)', 'Int64', Buffer.from('-838:59:59.001'))).toBe(-3020399001000n);
    expect(decoded('time', 'Int64', Buffer.from('00:00:01'))).toBe(1000000n);
  });

  it('take 0 and 1 as Bool, and meet the edge with anything else', () => {
    expect(decoded('tinyint(1)', 'Bool', Buffer.from('1'))).toBe(1);
    expect(decoded('tinyint(1)', 'Bool', Buffer.from('2'), 'clamp')).toBe(1);
    expect(decoded('tinyint(1)', 'Nullable(Bool)', Buffer.from('2'), 'null')).toBeNull();
    expect(() => decoded('tinyint(1)', 'Bool', Buffer.from('2'))).toThrow('does not fit Bool');
  });
});

function decoded(
  sourceType: string,
  type: string,
  bytes: Buffer,
  edge: EdgePolicy = 'fail',
): Recorded | undefined {
  const { writer, rows } = recordRows([type]);
  const [target] = writer.columns;
  if (target === undefined) throw new Error('no column');
  const mapped = mapType(sourceType);
  const source = { name: 'c', sourceType, isNullable: false, isGenerated: false, mapped };
  const planned = { source, name: 'c', type, edge };
  const slot = makeSlot(target, 0, planned, { met: () => undefined }, () => 'id=1');
  chooseDecoder(planned, target, slot)(bytes);
  writer.endRow();
  return rows[0]?.[0];
}
