/** Which protocol is spoken at which path. */
import type { HttpProtocol } from './http-protocol.ts';
import { otlpHttp } from './otlp-http.ts';
import { type RemoteWriteLabels, remoteWriteHttp, remoteWritePath } from './remote-write-http.ts';

/** What the protocols are told by the gateway's settings. */
export type HttpSettings = {
  readonly remoteWriteLabels: RemoteWriteLabels;
};

export const httpSettingsDefault: HttpSettings = { remoteWriteLabels: 'otel' };

/** By path. */
export type HttpRoutes = ReadonlyMap<string, HttpProtocol>;

export function routesOf(settings: HttpSettings): HttpRoutes {
  return new Map<string, HttpProtocol>([
    ...Object.entries(otlpHttp),
    [remoteWritePath, remoteWriteHttp(settings.remoteWriteLabels)],
  ]);
}
