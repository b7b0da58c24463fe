/** Raw connections for attackers: bytes out, and in one word what came back. */
import { connect, type Socket } from 'node:net';

export type Exchange = {
  readonly port: number;
  /** Written at once. */
  readonly bytes: Uint8Array;
  readonly end: AbortSignal;
  /** After `bytes`: goes on writing, or reads or does not. */
  readonly onConnected?: (socket: Socket) => void;
  /** Looks at all that came and says whether that is the answer. */
  readonly outcomeOf: (received: Buffer) => string | undefined;
};

const receivedBytesMax = 1024 ** 2;

/** Resolves with the answer, with `ended` when there is none, or `held` when the attack is over. */
export function exchange(options: Exchange): Promise<string> {
  const { port, bytes, end, onConnected, outcomeOf } = options;
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let received: Buffer = Buffer.alloc(0);
    const finish = (outcome: string): void => {
      end.removeEventListener('abort', abort);
      socket.destroy();
      resolve(outcome);
    };
    const abort = (): void => finish('held');
    end.addEventListener('abort', abort);
    socket.on('connect', () => {
      socket.write(bytes);
      onConnected?.(socket);
    });
    socket.on('data', (chunk: Buffer) => {
      if (received.length < receivedBytesMax) received = Buffer.concat([received, chunk]);
      const outcome = outcomeOf(received);
      if (outcome !== undefined) finish(outcome);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A port that refuses or a machine out of sockets is nothing the gateway said.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') finish(`broke: ${error.code}`);
    });
    socket.on('close', () => finish(outcomeOf(received) ?? 'ended'));
    if (end.aborted) abort();
  });
}

/** Status of the first final HTTP answer. */
export function httpOutcome(received: Buffer): string | undefined {
  const status = /HTTP\/1\.1 ([2-5]\d\d)[^\r]*\r\n/.exec(received.toString('latin1'))?.[1];
  return status === undefined ? undefined : `http ${status}`;
}

export function httpRequest(
  path: string,
  body: Uint8Array,
  headers: readonly string[] = [],
): Uint8Array {
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: a',
    `Content-Length: ${body.length}`,
    ...(headers.some((line) => /^content-type/i.test(line))
      ? []
      : ['Content-Type: application/x-protobuf']),
    ...headers,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}
