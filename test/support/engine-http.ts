/** Raw HTTP to an embedded engine: for what a client library would hide. */
import { type IncomingHttpHeaders, request } from 'node:http';

export type RawAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
};

export type RawRequest = {
  readonly method?: string;
  readonly path?: string;
  /** URL parameters; they are encoded. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
};

/** One request on a connection of its own. `node:http` lets a test set Host and Origin. */
export function ask(url: string, options: RawRequest = {}): Promise<RawAnswer> {
  const search = new URLSearchParams(options.query).toString();
  const target = new URL(`${options.path ?? '/'}${search === '' ? '' : `?${search}`}`, url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      target,
      {
        method: options.method ?? 'POST',
        headers: options.headers,
        agent: false,
        ...(options.signal !== undefined && { signal: options.signal }),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const body = Buffer.concat(chunks);
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body,
            text: body.toString('utf8'),
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

/** Runs a statement and returns its text; an exception rejects with the engine's own text. */
export async function runSql(url: string, sql: string): Promise<string> {
  const answer = await ask(url, { body: sql });
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.text.trimEnd();
}
