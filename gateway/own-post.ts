/** What the gateway sends into itself goes through the front door, like anyone's, by OTLP/HTTP. */
import { type Agent, request } from 'node:http';
import type { Address } from './receive/listen.ts';

export type OwnTarget = {
  readonly address: Address;
  /** Shown to a target that lets nobody else in. */
  readonly secret: string | undefined;
};

const timeoutMs = 5_000;

/** The status of the answer; undefined when none came. */
export function postOwn(
  agent: Agent,
  { address, secret }: OwnTarget,
  path: '/v1/metrics' | '/v1/logs',
  body: Uint8Array,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const sent = request({
      agent,
      host: loopbackFor(address.host),
      port: address.port,
      method: 'POST',
      path,
      headers: {
        'Content-Type': 'application/x-protobuf',
        'Content-Length': body.byteLength,
        ...(secret !== undefined && { Authorization: `Bearer ${secret}` }),
      },
      timeout: timeoutMs,
    });
    let status: number | undefined;
    sent.on('response', (response) => {
      status = response.statusCode;
      response.resume();
    });
    sent.on('timeout', () => sent.destroy());
    // The end of everything, behind that of the answer.
    sent.on('error', () => {});
    sent.on('close', () => resolve(status));
    sent.end(body);
  });
}

/** A wildcard address is not one to connect to. */
function loopbackFor(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
