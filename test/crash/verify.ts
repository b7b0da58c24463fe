/** Asks the tables for every id: what is missing, what is there twice, what is rolled up. */
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
  const spans = Number(await query(clickhouseUrl, 'SELECT count() FROM otel.otel_traces'));
  const rolledUp = Number(await query(clickhouseUrl, 'SELECT sum(Count) FROM otel.otel_red_1s'));
  return { answered, stored, lost, duplicated, spans, rolledUp, faults };
}

async function query(url: string, sql: string): Promise<string> {
  const response = await fetch(url, { method: 'POST', body: `${sql} FORMAT TabSeparated` });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}
