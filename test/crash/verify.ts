/** Asks the tables for every id: what is missing, what is there twice, what is rolled up. */
import { connectClickHouse } from '../../clickhouse/client.ts';
import { rebuildMinuteRollup } from '../../clickhouse/rollups.ts';
import { itemsARequest, type SenderReport, signals } from './sender.ts';

export type Verdict = {
  readonly answered: number;
  /** Rows of answered requests. */
  readonly stored: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Spans in the table, and in the rates counted from them. */
  readonly spans: number;
  readonly rolledUp: number;
  /** The same in the rates by minute, rebuilt from those by second. */
  readonly rolledUpMinutes: number;
  /** Traces, and those whose range in time is known. */
  readonly traces: number;
  readonly traceRanges: number;
  /** Ids of the first requests that have a fault. */
  readonly faults: readonly string[];
};

const faultsMax = 10;

const sources = {
  traces: {
    table: 'otel_traces',
    number: 'reinterpretAsUInt64(reverse(unhex(SpanId))) - 1',
  },
  logs: { table: 'otel_logs', number: 'toUInt64(Body)' },
  metrics: { table: 'otel_metrics_gauge', number: 'toUInt64(ValueInt)' },
} as const;

export async function verify(clickhouseUrl: string, report: SenderReport): Promise<Verdict> {
  const faults: string[] = [];
  let answered = 0;
  let stored = 0;
  let lost = 0;
  let duplicated = 0;
  for (const signal of signals) {
    const { table, number } = sources[signal];
    const text = await query(
      clickhouseUrl,
      `SELECT intDiv(${number}, ${itemsARequest}) AS request, count(), uniqExact(${number}) ` +
        `FROM otel.${table} WHERE ServiceName = 'crash-test' GROUP BY request ORDER BY request`,
    );
    const found = new Map<number, { rows: number; ids: number }>();
    for (const line of text.split('\n').filter((entry) => entry !== '')) {
      const [request = 0, rows = 0, ids = 0] = line.split('\t').map(Number);
      found.set(request, { rows, ids });
    }
    for (const [request, isAnswered] of report.answered[signal].entries()) {
      if (!isAnswered) continue;
      const { rows, ids } = found.get(request) ?? { rows: 0, ids: 0 };
      answered += itemsARequest;
      stored += rows;
      lost += itemsARequest - ids;
      duplicated += rows - ids;
      if ((ids !== itemsARequest || rows !== ids) && faults.length < faultsMax) {
        faults.push(`${signal} request ${request}: ${ids} ids in ${rows} rows`);
      }
    }
  }
  const rollups = await countRollups(clickhouseUrl);
  return { answered, stored, lost, duplicated, ...rollups, faults };
}

/** Whether every rollup says what the spans say. */
export function agrees(verdict: Verdict): boolean {
  const { spans, rolledUp, rolledUpMinutes, traces, traceRanges } = verdict;
  return spans === rolledUp && spans === rolledUpMinutes && traces === traceRanges;
}

async function countRollups(url: string) {
  const count = async (sql: string): Promise<number> => Number(await query(url, sql));
  const server = connectClickHouse({ url });
  try {
    const days = await query(url, "SELECT DISTINCT toDate(Time, 'UTC') FROM otel.otel_red_1s");
    for (const day of days.split('\n').filter((line) => line !== '')) {
      await rebuildMinuteRollup(server, day);
    }
  } finally {
    await server.close();
  }
  return {
    spans: await count('SELECT count() FROM otel.otel_traces'),
    rolledUp: await count('SELECT sum(Count) FROM otel.otel_red_1s'),
    rolledUpMinutes: await count('SELECT sum(Count) FROM otel.otel_red_1m'),
    traces: await count('SELECT uniqExact(TraceId) FROM otel.otel_traces'),
    traceRanges: await count('SELECT uniqExact(TraceId) FROM otel.otel_traces_trace_id_ts'),
  };
}

async function query(url: string, sql: string): Promise<string> {
  const response = await fetch(url, { method: 'POST', body: `${sql} FORMAT TabSeparated` });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}
