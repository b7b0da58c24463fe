/** `/livez` of `obsctl entities watch`: 503 with the reason where it should be started again. */
import { createServer } from 'node:http';
import { Problem } from '../../core/problem.ts';
import { listen } from '../../gateway/receive/listen.ts';
import { addressText, parseAddress } from '../address.ts';

const connectionsMax = 20;
const requestTimeoutMs = 5_000;

export type Livez = { readonly address: string; readonly close: () => void };

/** @throws Problem where `text` is no address or cannot be listened on */
export async function serveLivez(text: string, faults: () => readonly string[]): Promise<Livez> {
  const wanted = parseAddress(text);
  if (wanted === undefined) {
    throw new Problem('OBS-1003', `--livez ${text}: expected HOST:PORT, such as 127.0.0.1:8891`);
  }
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    const found = faults();
    const isKnown = request.url === '/livez';
    const words = found.length === 0 ? 'ok' : found.join(', ');
    response.writeHead(!isKnown ? 404 : found.length === 0 ? 200 : 503, {
      'Content-Type': 'text/plain; charset=utf-8',
    });
    response.end(isKnown ? `${words}\n` : 'there is /livez\n');
  });
  server.maxConnections = connectionsMax;
  const address = await listen(server, wanted, false);
  return {
    address: addressText(address),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
