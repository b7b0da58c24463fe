import { describe, expect, it } from '@jest/globals';
import { isProblem, type Problem } from '../core/problem.ts';
import { parseShards } from './shards.ts';

describe('parseShards', () => {
  it('gives shards and their replicas in order, and the database that one of them names', () => {
    expect(parseShards('http://a:8123/otel,b:8123')).toEqual({
      shards: [['http://a:8123/'], ['http://b:8123/']],
      database: 'otel',
    });
    expect(parseShards('a:8123|b:8123/otel,c:8123|d:8123')).toEqual({
      shards: [
        ['http://a:8123/', 'http://b:8123/'],
        ['http://c:8123/', 'http://d:8123/'],
      ],
      database: 'otel',
    });
    expect(parseShards('https://user:p%2Cw@a:8443')).toEqual({
      shards: [['https://user:p%2Cw@a:8443/']],
    });
    expect(parseShards('http://a:8123/?database=otel, http://b:8123')).toEqual({
      shards: [['http://a:8123/'], ['http://b:8123/']],
      database: 'otel',
    });
  });

  it.each([
    ['http://a:8123/otel,http://b:8123/other', 'all servers must name the same database'],
    ['http://a:8123/otel,http://a:8123', 'a server can be named once only'],
    ['http://a:8123|http://a:8123', 'a server can be named once only'],
    ['', 'a URL is missing'],
    ['http://a:8123|', 'a URL is missing'],
    ['http://a:8123||http://b:8123', 'a URL is missing'],
    ['http://a:8123,', 'a URL is missing'],
    ['http://a:8123/otelhttp://b:8123/otel', 'two URLs stand side by side'],
    ['http://a:8123 http://b:8123', 'two URLs stand side by side'],
    ['ftp://a', 'must look like http://host:8123/database, not ftp://a'],
    ['http://a:8123,http://', 'must look like http://host:8123/database'],
  ])('refuses %j', (given, message) => {
    expect(() => parseShards(given)).toThrow(message);
  });

  it('says which one is wrong, and how it is written', () => {
    const wrong = problemOf('http://a:8123,http://b:8123|');
    expect(wrong).toMatchObject({
      code: 'OBS-3001',
      where: 'ClickHouse URL, shard 2, replica 2',
      next: expect.stringContaining("'URL|URL,URL|URL'"),
    });
  });

  it.each([
    'http://user:secret@a:8123,http://user:secret@a:8123',
    'http://user:sec/ret@a:8123',
    'http://x:y@a:8123 http://user:secret@b',
  ])('says no password of %s', (given) => {
    const { message, where } = problemOf(given);
    expect(`${message} ${where}`).not.toMatch(/sec|ret@/);
  });
});

function problemOf(given: string): Problem {
  try {
    parseShards(given);
  } catch (error) {
    if (isProblem(error)) return error;
  }
  throw new Error('taken');
}
