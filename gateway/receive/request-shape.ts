/**
 * What Node's parser lets through and HTTP/1.1 does not (RFC 9112): shapes that two parsers on
 * one way read differently, which is what request smuggling lives from (F30). Such a request is
 * answered and its connection ended, so that whatever follows is not taken for a request.
 */
import type { IncomingMessage } from 'node:http';

export type ShapeFault = { readonly httpStatus: 400 | 501 | 505; readonly message: string };

const absoluteForm = /^https?:\/\/[^/?#]*/i;

export function shapeFault(request: IncomingMessage): ShapeFault | undefined {
  const { httpVersionMajor, headers, rawHeaders } = request;
  if (httpVersionMajor !== 1) {
    return { httpStatus: 505, message: 'this port speaks HTTP/1.1' };
  }
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') {
    return { httpStatus: 501, message: 'the transfer encoding must be chunked' };
  }
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1) return { httpStatus: 400, message: 'a request has one Host header' };
  return undefined;
}

/** The path of a request's target, which may be a whole URL, as proxies are sent it. */
export function pathOf(target: string): string {
  const url = target.startsWith('/') ? target : target.replace(absoluteForm, '');
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}
