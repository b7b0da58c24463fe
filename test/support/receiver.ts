/** An HTTP server that records what it is told and answers as it is told to; 200 otherwise. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

type Received = {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON it was sent.
  readonly body: any;
};

/** A status, a status with words, no answer at all, or a connection that is cut. */
type Answer = number | { readonly status: number; readonly text: string } | 'hang' | 'cut';

export type Receiver = {
  readonly url: string;
  readonly host: string;
  /** In the order of arrival, whatever the answer was. */
  readonly received: Received[];
  /** For the requests to come. */
  readonly answers: Answer[];
  /** Resolves once so many requests have come. */
  readonly arrived: (count: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const answers: Answer[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString());
      received.push({ path: request.url ?? '', headers: request.headers, body });
      for (const look of waiting) look();
      const answer = answers.shift() ?? 200;
      if (answer === 'hang') return;
      if (answer === 'cut') {
        response.destroy();
        return;
      }
      const { status, text } = typeof answer === 'number' ? { status: answer, text: '' } : answer;
      response.writeHead(status).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    received,
    answers,
    arrived: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (received.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
