/** Which protocol is spoken at which path. */
import type { HttpProtocol } from './http-protocol.ts';
import { type InfluxSettings, influxHttp } from './influx-http.ts';
import { type AskOpamp, opampHttp, opampPath } from './opamp-http.ts';
import { otlpHttp } from './otlp-http.ts';
import { type RemoteWriteLabels, remoteWriteHttp, remoteWritePath } from './remote-write-http.ts';

/** What the protocols are told by the gateway's settings. */
export type HttpSettings = {
  readonly remoteWriteLabels: RemoteWriteLabels;
  readonly influx: InfluxSettings;
  /** Absent: nobody answers agents. */
  readonly askOpamp?: AskOpamp | undefined;
};

export const httpSettingsDefault: HttpSettings = {
  remoteWriteLabels: 'otel',
  influx: { strings: 'info', logsDays: 0 },
};

/** By path. */
export type HttpRoutes = ReadonlyMap<string, HttpProtocol>;

export function routesOf(settings: HttpSettings): HttpRoutes {
  const { askOpamp } = settings;
  return new Map<string, HttpProtocol>([
    ...Object.entries(otlpHttp),
    ...Object.entries(influxHttp(settings.influx)),
    [remoteWritePath, remoteWriteHttp(settings.remoteWriteLabels)],
    ...(askOpamp === undefined ? [] : [[opampPath, opampHttp(askOpamp)] as const]),
  ]);
}
