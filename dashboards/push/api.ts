/**
 * Grafana's HTTP API: one request after the other, repeated while Grafana is busy, with every
 * failure turned into a problem that says the next step. Works below a path
 * (`https://host/grafana`) and for stacks of Grafana Cloud; the token goes only to an address that
 * has answered as a Grafana does.
 */
import type { Clock } from '../../core/clock.ts';
import type { JsonValue } from '../../core/json.ts';
import { Problem } from '../../core/problem.ts';
import { parseAddress, parseToken } from './address.ts';
import { messageOf, refusalOf } from './refusal.ts';

export type Query = Readonly<Record<string, string>>;

/** By name, in small letters. */
type Headings = Readonly<Record<string, string>>;

export type Grafana = {
  /** Without a slash at the end. */
  readonly address: string;
  /** Absent where Grafana hides it from strangers. */
  readonly version: string | undefined;
  /** What stands at a path below `/api`; undefined when nothing does (404). */
  readonly read: <Answer>(what: string, path: string, query?: Query) => Promise<Answer | undefined>;
  /** A question with a body. That what it asks is refused or absent is an answer, too. */
  readonly ask: <Answer>(what: string, path: string, body: unknown) => Promise<Answer>;
  /** Changes something; `what` completes “may not …” and “refused to …”. */
  readonly write: (
    what: string,
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Headings,
  ) => Promise<void>;
};

export type GrafanaOptions = {
  readonly url: string;
  /** Of a service account. */
  readonly token: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told before every wait. */
  readonly onRetry?: (text: string) => void;
};

const attemptsMax = 5;
const delayMsFirst = 500;
const delayMsMax = 30_000;
const requestTimeoutMs = 30_000;

type Request = {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly more?: Headings;
};

type Answer = { readonly status: number; readonly text: string; readonly headers: Headers };

/** Asks for Grafana's health, without the token, and gives what can be asked and told. */
export async function connectGrafana(options: GrafanaOptions): Promise<Grafana> {
  const address = parseAddress(options.url);
  const token = parseToken(options.token, address);
  const version = await greet(address, options);
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
  const ask = (request: Request) =>
    send(address, request, { ...headers, ...request.more }, options);
  return {
    address,
    version,
    read: async <Found>(what: string, path: string, query: Query = {}) => {
      const search = new URLSearchParams(query).toString();
      const asked = { method: 'GET', path: search === '' ? path : `${path}?${search}` };
      const answer = await ask(asked);
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw refusalOf(what, answer, address);
      return jsonOf(answer, `${address}/api${path}`) as Found;
    },
    ask: async <Found>(what: string, path: string, body: unknown) => {
      const answer = await ask({ method: 'POST', path, body });
      if (![200, 207, 400, 404].includes(answer.status)) {
        throw refusalOf(what, answer, address);
      }
      return jsonOf(answer, `${address}/api${path}`) as Found;
    },
    write: async (what, method, path, body, more = {}) => {
      const answer = await ask({ method, path, body, more });
      // Somebody was faster, or an answer was lost.
      if (method === 'DELETE' && answer.status === 404) return;
      if (answer.status < 200 || answer.status > 299) throw refusalOf(what, answer, address);
    },
  };
}

/** Grafana's version. Anything but the answer of a Grafana is OBS-4104. */
async function greet(address: string, options: GrafanaOptions): Promise<string | undefined> {
  const where = `${address}/api/health`;
  const answer = await send(address, { method: 'GET', path: '/health' }, {}, options);
  if (answer.status >= 300 && answer.status < 400) {
    const target = answer.headers.get('location') ?? 'elsewhere';
    throw new Problem('OBS-4104', `it redirects to ${target}`, { where, reach: 'outside' });
  }
  const health = jsonOf(answer, where);
  if (typeof health !== 'object' || health === null || !('database' in health)) {
    const said = `answered ${answer.status}, but not as a Grafana does`;
    throw new Problem('OBS-4104', said, { where, reach: 'outside' });
  }
  return 'version' in health ? String(health['version']) : undefined;
}

function jsonOf({ status, text }: Answer, where: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const said = `answered ${status} with something that is not JSON`;
    throw new Problem('OBS-4104', said, { where, cause, reach: 'outside' });
  }
}

/** Repeats what may succeed later: no answer, 429, 5xx. The last failure is OBS-4103. */
async function send(
  address: string,
  request: Request,
  headers: Headings,
  options: GrafanaOptions,
): Promise<Answer> {
  const { clock, signal } = options;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await attemptOnce(address, request, headers, signal);
    signal.throwIfAborted();
    const answer = Error.isError(outcome) ? undefined : outcome;
    if (answer !== undefined && answer.status !== 429 && answer.status < 500) return answer;
    const said = Error.isError(outcome)
      ? reasonOf(outcome)
      : `${outcome.status} ${messageOf(outcome.text)}`;
    if (attempt === attemptsMax) {
      const times = `after ${attemptsMax} attempts`;
      throw new Problem('OBS-4103', `no answer that helps ${times}: ${said.trim()}`, {
        where: address,
        cause: outcome,
        reach: 'outside',
      });
    }
    const delayMs = delayOf(attempt, answer?.headers.get('retry-after'));
    options.onRetry?.(`${address}: ${said.trim()}; again in ${delayMs / 1000} s`);
    await clock.sleep(delayMs, signal);
    signal.throwIfAborted();
  }
}

async function attemptOnce(
  address: string,
  { method, path, body }: Request,
  headers: Headings,
  signal: AbortSignal,
): Promise<Answer | Error> {
  try {
    const response = await fetch(`${address}/api${path}`, {
      method,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    return Error.isError(error) ? error : new Error(String(error));
  }
}

/** What Grafana asks for in `Retry-After` seconds, else twice as long each time. */
function delayOf(attempt: number, retryAfter: string | null | undefined): number {
  const askedMs = Number(retryAfter ?? Number.NaN) * 1000;
  const delayMs = askedMs >= 0 ? askedMs : delayMsFirst * 2 ** (attempt - 1);
  return Math.min(delayMs, delayMsMax);
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: Error): string {
  const { cause } = error;
  if (!Error.isError(cause)) return error.message;
  return cause.message === '' && 'code' in cause ? String(cause.code) : cause.message;
}
