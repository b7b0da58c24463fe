/**
 * What the prometheus-agent scrapes in tests: each target on a loopback address of its own, as a
 * pod has, with the text of a committed fixture or what a real exporter says at that moment. It
 * writes down when it was read, because that is what the tests are about.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export type Exporter = {
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  /** When each reading came (ms), since the last `forget`. */
  readonly readings: () => readonly number[];
  /** Authorization headers that came. */
  readonly credentials: () => ReadonlySet<string>;
  readonly forget: () => void;
  readonly stop: () => Promise<void>;
};

export type ExporterOptions = {
  readonly name: string;
  readonly ip: string;
  /** Free when absent. */
  readonly port?: number;
  readonly path?: string;
  /** A fixture of `testdata/exporters`, a text, or the address of a real exporter. */
  readonly source:
    | { readonly fixture: string }
    | { readonly text: string }
    | { readonly url: string };
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
};

const fixtures = join(import.meta.dirname, 'testdata/exporters');

export function fixtureText(name: string): string {
  return readFileSync(join(fixtures, name), 'utf8');
}

export async function startExporter(options: ExporterOptions): Promise<Exporter> {
  const readings: number[] = [];
  const credentials = new Set<string>();
  const { source, tls } = options;
  const committed =
    'fixture' in source ? fixtureText(source.fixture) : 'text' in source ? source.text : undefined;
  const answer: RequestListener = (request: IncomingMessage, response) => {
    if (request.url !== (options.path ?? '/metrics')) {
      response.writeHead(404).end();
      return;
    }
    readings.push(performance.now());
    if (request.headers.authorization !== undefined) credentials.add(request.headers.authorization);
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    if (committed !== undefined) response.end(committed);
    else void relay(String('url' in source && source.url)).then((text) => response.end(text));
  };
  const server: Server =
    tls === undefined
      ? createServer(answer)
      : createSecureServer(
          { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) },
          answer,
        );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, options.ip, resolve);
  });
  return {
    name: options.name,
    ip: options.ip,
    port: (server.address() as AddressInfo).port,
    readings: () => readings,
    credentials: () => credentials,
    forget: () => readings.splice(0),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function relay(url: string): Promise<string> {
  const answer = await fetch(url);
  return answer.text();
}
