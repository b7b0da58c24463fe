/**
 * A proxy that hands every request on unchanged and keeps it with its answer: what a sender really
 * sent, byte for byte, and what it was told.
 */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { unsnap } from '../../gateway/decode/snappy.ts';
import { ask } from '../support/engine-http.ts';
import { readWriteRequest, type WriteRequest } from './wire.ts';

export type Recorded = {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly status: number;
  readonly answerHeaders: IncomingHttpHeaders;
  readonly answer: string;
};

export type Recorder = {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly requests: readonly Recorded[];
  readonly stop: () => Promise<void>;
};

const inflatedBytesMax = 64 * 1024 * 1024;
/** They belong to one connection, and this proxy has two. */
const ofConnection = new Set(['connection', 'host', 'keep-alive', 'transfer-encoding']);

export async function startRecorder(target: string): Promise<Recorder> {
  const requests: Recorded[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const answer = await ask(target, {
      method: incoming.method ?? 'POST',
      path: incoming.url ?? '/',
      headers: passedOn(incoming.headers),
      body,
    });
    requests.push({
      path: incoming.url ?? '/',
      headers: incoming.headers,
      body,
      status: answer.status,
      answerHeaders: answer.headers,
      answer: answer.text,
    });
    outgoing.writeHead(answer.status, passedOn(answer.headers));
    outgoing.end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: addressOf(server), requests, stop: () => stop(server) };
}

function passedOn(headers: IncomingHttpHeaders): Record<string, string> {
  const entries = Object.entries(headers).filter(([name]) => !ofConnection.has(name));
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

function addressOf(server: Server): string {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port');
  return `http://127.0.0.1:${address.port}`;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** A recorded request of remote write; its version is in its content type. */
export function writeRequestOf({ headers, body }: Recorded): WriteRequest {
  const version = /write\.v2/.test(String(headers['content-type'])) ? 2 : 1;
  const inflated = unsnap(body, inflatedBytesMax);
  if (!inflated.ok) throw new Error(inflated.message);
  return readWriteRequest(version, inflated.body);
}
