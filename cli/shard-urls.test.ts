import { describe, expect, it } from '@jest/globals';
import { parseShardUrls } from './shard-urls.ts';

describe('parseShardUrls', () => {
  it('gives the servers in their order, and the database that one of them names', () => {
    expect(parseShardUrls(['http://a:8123/otel', 'b:8123'])).toEqual({
      urls: ['http://a:8123/', 'http://b:8123/'],
      database: 'otel',
    });
    expect(parseShardUrls(['a:8123|b:8123/otel', 'c:8123|d:8123'])).toEqual({
      urls: ['http://a:8123/|http://b:8123/', 'http://c:8123/|http://d:8123/'],
      database: 'otel',
    });
    expect(parseShardUrls(['https://user:p%2Cw@a:8443'])).toEqual({
      urls: ['https://user:p%2Cw@a:8443/'],
    });
  });

  it.each([
    [['http://a:8123/otel', 'http://b:8123/other'], 'all servers must name the same database'],
    [['http://a:8123/otel', 'http://a:8123'], 'a server can be named once only'],
    [['http://a:8123|http://a:8123'], 'a server can be named once only'],
    [['http://a:8123|'], 'must look like http://host:8123/database'],
    [['http://a:8123', ''], 'must look like http://host:8123/database'],
    [['ftp://a'], 'must look like http://host:8123/database'],
  ])('refuses %j', (given, message) => {
    expect(() => parseShardUrls(given)).toThrow(message);
  });

  it('says no password', () => {
    const given = ['http://user:secret@a:8123', 'http://user:secret@a:8123'];
    expect(() => parseShardUrls(given)).toThrow(expect.not.stringContaining('secret'));
  });
});
