/**
 * Talks to our server: at most six queries in flight, answers kept by what was asked, queries
 * cancelled when nobody waits for them, and a calm look-out while the server is away.
 */
import type {
  CompactAnswer,
  Dashboard,
  DashboardSummary,
  QueryFault,
  SourceState,
  VariableValues,
} from './model.ts';
import { away, reload, tick } from './state.ts';

const inFlightMax = 6;
const cachedAnswersMax = 60;
const awayPollMs = 2000;

type Scope = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly intervalMs: number;
  readonly variables: VariableValues;
};

export type Ask = {
  readonly dashboard?: string;
  readonly panel?: number;
  readonly refId?: string;
  readonly variable?: string;
  readonly annotation?: string;
  readonly sql?: string;
  readonly scope: Scope;
};

let inFlight = 0;
const waiting: (() => void)[] = [];
const answers = new Map<string, CompactAnswer>();

/** Whether an answer is still outstanding: a refresh then waits, or slow queries never end. */
export function isAsking(): boolean {
  return inFlight > 0 || waiting.length > 0;
}

export function fetchSummaries(): Promise<readonly DashboardSummary[]> {
  return get('/api/dashboards');
}

export function fetchDashboard(uid: string): Promise<Dashboard> {
  return get(`/api/dashboards/${encodeURIComponent(uid)}`);
}

/** Rows of a panel, a variable or typed SQL. Rejects with a {@link QueryFault}. */
export async function fetchRows(ask: Ask, signal: AbortSignal): Promise<CompactAnswer> {
  const body = JSON.stringify(ask);
  // A refresh asks again even where nothing moved: late data arrives in fixed ranges too.
  const key = `${tick.value} ${body}`;
  const cached = answers.get(key);
  if (cached !== undefined) return cached;
  await takeTurn(signal);
  try {
    const answer = await post<CompactAnswer>('/api/query', body, signal);
    answers.set(key, answer);
    if (answers.size > cachedAnswersMax) answers.delete(answers.keys().next().value ?? '');
    return answer;
  } finally {
    inFlight -= 1;
    waiting.shift()?.();
  }
}

/** The query with macros and variables expanded. */
export async function fetchSql(ask: Ask): Promise<string> {
  const { sql } = await post<{ sql: string }>('/api/sql', JSON.stringify(ask));
  return sql;
}

/** Whether anything feeds the panel at all. */
export function fetchSource(ask: Ask, signal: AbortSignal): Promise<SourceState> {
  return post('/api/source', JSON.stringify(ask), signal);
}

async function takeTurn(signal: AbortSignal): Promise<void> {
  while (inFlight >= inFlightMax) {
    await new Promise<void>((resolve) => waiting.push(resolve));
    // A cancelled query passes its turn on at once.
    if (signal.aborted) {
      waiting.shift()?.();
      throw cancelled;
    }
  }
  if (signal.aborted) throw cancelled;
  inFlight += 1;
}

/** A fault as something that can be thrown. */
function faultOf(fault: QueryFault): Error & QueryFault {
  return Object.assign(new Error(fault.error), fault);
}

const cancelled = faultOf({ error: 'cancelled', kind: 'cancelled' });

async function get<T>(path: string): Promise<T> {
  return request(path, {});
}

function post<T>(path: string, body: string, signal?: AbortSignal): Promise<T> {
  const headers = { 'Content-Type': 'application/json' };
  return request(path, { method: 'POST', body, headers, signal: signal ?? null });
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted) throw cancelled;
    lookOut('The page’s server does not answer.');
    throw faultOf({ error: String(error), kind: 'away' });
  }
  try {
    const body = await response.json();
    if (response.ok) return body as T;
    const fault = body as QueryFault;
    if (fault.kind === 'away') lookOut('The database does not answer.');
    throw faultOf(fault);
  } catch (error) {
    if (init.signal?.aborted) throw cancelled;
    if (isFault(error)) throw error;
    throw faultOf({ error: `the answer cannot be read: ${String(error)}`, kind: 'request' });
  }
}

export function isFault(error: unknown): error is QueryFault {
  return typeof error === 'object' && error !== null && 'error' in error && 'kind' in error;
}

let looking = false;

/** Shows the banner and asks every two seconds until everything answers again. */
function lookOut(message: string): void {
  away.value = message;
  if (looking) return;
  looking = true;
  const look = async (): Promise<void> => {
    try {
      const response = await fetch('/api/status');
      const status = (await response.json()) as { engine: string };
      if (status.engine === 'up') {
        looking = false;
        away.value = undefined;
        reload();
        return;
      }
      away.value = 'The database does not answer.';
    } catch {
      away.value = 'The page’s server does not answer.';
    }
    setTimeout(look, awayPollMs);
  };
  setTimeout(look, awayPollMs);
}
