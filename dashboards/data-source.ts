/**
 * The ClickHouse data source of Grafana, said once: the plugin, the uid, and the settings with
 * which its explorer knows our tables. Rendered objects and `dashboards push` both take it from
 * here; user and password are theirs to add.
 */
import { logs } from '../clickhouse/schema/logs.ts';
import { traces } from '../clickhouse/schema/traces.ts';

/** The plugin, and the version whose query model the panels use. */
export const plugin = { id: 'grafana-clickhouse-datasource', version: '4.20.0' } as const;

/** What does not depend on where ClickHouse is. Alert rules and other tools name the uid. */
export const dataSourceBase = {
  name: 'ClickHouse',
  uid: 'obsctl-clickhouse',
  type: plugin.id,
  access: 'proxy',
} as const;

/** Where Grafana reaches ClickHouse. */
export type DataSourceTarget = {
  readonly host: string;
  readonly port: number;
  readonly protocol: 'native' | 'http';
  readonly secure: boolean;
  readonly database: string;
};

export function dataSourceBody({ host, port, protocol, secure, database }: DataSourceTarget) {
  const otel = { otelEnabled: true, otelVersion: 'latest' } as const;
  return {
    ...dataSourceBase,
    jsonData: {
      version: plugin.version,
      host,
      port,
      protocol,
      secure,
      defaultDatabase: database,
      // Looking for map keys reads whole columns of the largest tables.
      enableMapKeysDiscovery: false,
      logs: { defaultDatabase: database, defaultTable: logs.name, ...otel },
      traces: {
        defaultDatabase: database,
        defaultTable: traces.name,
        ...otel,
        durationUnit: 'nanoseconds',
      },
    },
  } as const;
}
