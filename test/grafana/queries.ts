/**
 * `POST /ds/query`: SQL goes to where the test says the data source leads, and comes back in the
 * words of `grafana-plugin-sdk-go` v0.292.0: written down from what its own marshalling gave.
 */
import { type Answer, answer, type State } from './state.ts';

type Queries = {
  readonly queries: readonly {
    readonly refId: string;
    readonly datasource: { readonly uid: string; readonly type: string };
    readonly rawSql: string;
  }[];
};

export async function answerQueries(state: State, { queries }: Queries): Promise<Answer> {
  const results: Record<string, object> = {};
  for (const { refId, datasource, rawSql } of queries) {
    if (!state.dataSources.has(datasource.uid)) return answer(404, 'Data source not found');
    results[refId] = await state.queryClickHouse(rawSql).then(
      (rows) => ({ status: 200, frames: [frameOf(refId, rows)] }),
      (error: Error) => ({ error: error.message, errorSource: 'downstream', status: 400 }),
    );
  }
  const failed = Object.values(results).some((result) => 'error' in result);
  return { status: failed ? 400 : 200, body: { results } };
}

function frameOf(refId: string, rows: readonly Readonly<Record<string, unknown>>[]): object {
  const names = Object.keys(rows[0] ?? {});
  const fields = names.map((name) => ({ name, type: 'string', typeInfo: { frame: 'string' } }));
  const values = names.map((name) => rows.map((row) => row[name]));
  return { schema: { refId, fields }, data: { values } };
}
