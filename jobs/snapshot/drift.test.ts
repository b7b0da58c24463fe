import { describe, expect, it } from '@jest/globals';
import { changesBetween, type Shape } from './drift.ts';

function shape(key: string, ...columns: readonly (readonly [string, string])[]): Shape {
  return { key, columns: columns.map(([name, type]) => ({ name, type })) };
}

const before = shape('id', ['id', 'Int32'], ['mail', 'String'], ['plan', 'String']);

describe('changesBetween', () => {
  it.each<[string, Shape, readonly string[]]>([
    ['the same', before, []],
    [
      'an added column',
      shape('id', ['id', 'Int32'], ['mail', 'String'], ['plan', 'String'], ['age', 'UInt8']),
      ['added: age UInt8'],
    ],
    ['a dropped one', shape('id', ['id', 'Int32'], ['plan', 'String']), ['dropped: mail String']],
    [
      'a widened one',
      shape('id', ['id', 'Int64'], ['mail', 'String'], ['plan', 'String']),
      ['type: id Int32 to Int64'],
    ],
    [
      'what looks like a new name',
      shape('id', ['id', 'Int32'], ['email', 'String'], ['plan', 'String']),
      ['renamed, as it looks: mail to email'],
    ],
    [
      'another type in its place is no new name',
      shape('id', ['id', 'Int32'], ['email', 'UInt8'], ['plan', 'String']),
      ['added: email UInt8', 'dropped: mail String'],
    ],
    ['another key', { ...before, key: 'id, mail' }, ['key: (id) to (id, mail)']],
  ])('tells %s', (_, after, changes) => {
    expect(changesBetween(before, after)).toEqual(changes);
  });
});
