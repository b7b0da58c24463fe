/** Which protocol is spoken at which path. */
import type { HttpProtocol } from './http-protocol.ts';
import { influxHttp } from './influx-http.ts';
import { otlpHttp } from './otlp-http.ts';

const routes: ReadonlyMap<string, HttpProtocol> = new Map(
  Object.entries({ ...otlpHttp, ...influxHttp }),
);

/** For people who came to another one. */
export const pathsText: string = [...routes.keys()].join(', ');

export function protocolAt(path: string): HttpProtocol | undefined {
  return routes.get(path);
}
