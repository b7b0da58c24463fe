/**
 * A query of the Grafana ClickHouse data source: always SQL in editor mode `sql`, with the format
 * number that tells the plugin what kind of frame to make.
 */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';

export type QueryFormat = 'timeseries' | 'table' | 'logs' | 'traces';

/** The data source type; its uid is the dashboard variable `datasource`. */
export const datasource = {
  type: 'grafana-clickhouse-datasource',
  uid: `\${datasource}`,
} as const;

const formatNumbers: Readonly<Record<QueryFormat, number>> = {
  timeseries: 0,
  table: 1,
  logs: 2,
  traces: 3,
};

/** Plugin version whose query model this is; without it the plugin may migrate the query. */
const pluginVersion = '4.20.0';

type ClickHouseQuery = Dataquery & {
  readonly refId: string;
  readonly datasource: typeof datasource;
  readonly editorType: 'sql';
  readonly queryType: QueryFormat;
  readonly format: number;
  readonly pluginVersion: string;
  readonly rawSql: string;
};

/** Builds one target. JSON drops the SDK's marker method, so the rendered target is plain data. */
export class ClickHouseQueryBuilder implements Builder<Dataquery> {
  readonly #query: ClickHouseQuery;

  constructor(refId: string, format: QueryFormat, rawSql: string) {
    this.#query = {
      refId,
      datasource,
      editorType: 'sql',
      queryType: format,
      format: formatNumbers[format],
      pluginVersion,
      rawSql,
      _implementsDataqueryVariant: () => {},
    };
  }

  build(): Dataquery {
    return this.#query;
  }
}
