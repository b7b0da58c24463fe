import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { isLoopback, refusal } from './guard.ts';

const asked = (headers: Record<string, string>, url = '/api/query') =>
  ({ headers, url }) as unknown as IncomingMessage;

const loopback = { loopback: true, hosts: [] };

describe('on loopback the page', () => {
  it.each(['127.0.0.1:4320', 'localhost:4320', '[::1]:4320', 'LOCALHOST'])(
    'answers for %s',
    (host) => {
      expect(refusal(asked({ host }), loopback)).toBeUndefined();
    },
  );

  it.each(['evil.example:4320', '192.168.1.7:4320', 'localhost.evil.example', ''])(
    'refuses the host %j',
    (host) => {
      expect(refusal(asked({ host }), loopback)).toContain('does not answer for the host');
    },
  );
});

describe('a request of a browser', () => {
  const host = '127.0.0.1:4320';

  it.each(['cross-site', 'same-site'])('is refused when it comes %s', (site) => {
    expect(refusal(asked({ host, 'sec-fetch-site': site }), loopback)).toContain('another site');
  });

  it('is refused when its origin is another, also another port of this machine', () => {
    const origin = 'http://127.0.0.1:9999';
    expect(refusal(asked({ host, origin }), loopback)).toContain('another origin');
  });

  it('may come from the page itself', () => {
    const headers = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    expect(refusal(asked(headers), loopback)).toBeUndefined();
  });

  it('may open the page from a link elsewhere, because that reads nothing', () => {
    const headers = { host, 'sec-fetch-site': 'cross-site' };
    expect(refusal(asked(headers, '/d/obsctl-services'), loopback)).toBeUndefined();
  });
});

describe('beyond loopback the page', () => {
  const open = { loopback: false, hosts: ['dash.example'] };

  it('answers for plain addresses and for names it was given, not for others', () => {
    expect(refusal(asked({ host: '10.0.0.7:4320' }), open)).toBeUndefined();
    expect(refusal(asked({ host: 'dash.example:4320' }), open)).toBeUndefined();
    expect(refusal(asked({ host: 'rebound.example' }), open)).toBeDefined();
  });

  it('knows what loopback is', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '10.0.0.1', '::', 'example'].some(isLoopback)).toBe(false);
  });
});
