/** A real InfluxDB 1.6 in a process of its own: the judge of lines and of senders. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, type RawAnswer } from '../support/engine-http.ts';
import { freePorts } from '../support/free-ports.ts';
import { startProgram } from '../support/program.ts';
import type { Field, Point } from './points.ts';

export type Influxdb = {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly pid: number;
  /** Runs a statement of its own language; its answer with numbers as they were written. */
  readonly query: (text: string, database?: string) => Promise<Answer>;
  readonly write: (database: string, body: string) => Promise<RawAnswer>;
  /** All points of a database. */
  readonly points: (database: string) => Promise<readonly Point[]>;
  readonly stop: () => Promise<void>;
};

type Cell = string | boolean | null;
type Series = {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly Cell[])[];
};
type Answer = {
  readonly results: readonly { readonly series?: readonly Series[]; readonly error?: string }[];
};

const readyMsMax = 30_000;
const pollMs = 100;
/** Marks a number's source text, as a string would look the same. */
const numberMark = '\u0000';

/** `bin` holds `influxd`. */
export async function startInfluxdb(bin: string): Promise<Influxdb> {
  const folder = await mkdtemp(join(tmpdir(), 'obsctl-influxdb-'));
  const [httpPort = 0, rpcPort = 0] = await freePorts(2);
  const config = join(folder, 'influxdb.conf');
  await writeFile(config, configOf(folder, httpPort, rpcPort));
  const server = startProgram(join(bin, 'influxd'), ['run', '-config', config], {
    env: { HOME: folder },
  });
  const stop = async (): Promise<void> => {
    server.kill('SIGTERM');
    await server.ended;
    await rm(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${httpPort}`;
  await untilReady(url).catch(async (cause: unknown) => {
    await stop();
    throw new Error(`InfluxDB is not ready:\n${server.talk()}`, { cause });
  });
  const query = (text: string, database?: string): Promise<Answer> => ask1(url, text, database);
  return {
    url,
    pid: server.pid,
    query,
    write: (database, body) => ask(url, { path: '/write', query: { db: database }, body }),
    points: async (database) => {
      const points: Point[] = [];
      for (const [measurement, kinds] of await kindsOf(query, database)) {
        // One at a time: a field of several measurements would have one kind in all of them.
        const name = measurement.replace(/["\\]/g, '\\$&');
        const { results } = await query(`SELECT * FROM "${name}" GROUP BY *`, database);
        for (const { series = [] } of results) {
          points.push(...series.flatMap((one) => pointsOf(one, kinds)));
        }
      }
      return points;
    },
    stop,
  };
}

function configOf(folder: string, httpPort: number, rpcPort: number): string {
  return `reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
  dir = "${join(folder, 'meta')}"
[data]
  dir = "${join(folder, 'data')}"
  wal-dir = "${join(folder, 'wal')}"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${httpPort}"
`;
}

async function untilReady(url: string): Promise<void> {
  const deadlineMs = Date.now() + readyMsMax;
  while (Date.now() < deadlineMs) {
    const answer = await ask(url, { method: 'GET', path: '/ping' }).catch(() => undefined);
    if (answer?.status === 204) return;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  throw new Error('it took too long');
}

async function ask1(url: string, text: string, database?: string): Promise<Answer> {
  const parameters = { q: text, epoch: 'ns', ...(database === undefined ? {} : { db: database }) };
  const { text: body } = await ask(url, { path: '/query', query: parameters });
  const answer: Answer = JSON.parse(body, keepNumbers);
  const error = answer.results.find((one) => one.error !== undefined)?.error;
  if (error !== undefined) throw new Error(`${text}: ${error}`);
  return answer;
}

/** A JavaScript number would round wide integers and times. */
function keepNumbers(
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  return typeof value === 'number' ? `${numberMark}${context?.source}` : value;
}

type Kinds = ReadonlyMap<string, string>;

async function kindsOf(
  query: Influxdb['query'],
  database: string,
): Promise<ReadonlyMap<string, Kinds>> {
  const { results } = await query('SHOW FIELD KEYS', database);
  const series = results.flatMap((result) => result.series ?? []);
  return new Map(
    series.map(({ name, values }) => [
      name,
      new Map(values.map(([key, kind]) => [String(key), String(kind)])),
    ]),
  );
}

function pointsOf({ name, tags = {}, columns, values }: Series, kinds: Kinds): readonly Point[] {
  return values.map((cells) => {
    const named = columns.map((column, index) => [column, cells[index] ?? null] as const);
    const fields = named.flatMap(([column, cell]) => {
      const isField = column !== 'time' && cell !== null;
      return isField ? [[column, fieldOf(kinds.get(column) ?? '', cell)] as const] : [];
    });
    const time = String(named.find(([column]) => column === 'time')?.[1]);
    return {
      measurement: name,
      // Grouped by all tags of the measurement: those that a point has not are empty.
      tags: Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== '')),
      fields: Object.fromEntries(fields),
      ns: BigInt(time.replace(numberMark, '')),
    };
  });
}

function fieldOf(kind: string, cell: string | boolean): Field {
  const text = String(cell).replace(numberMark, '');
  if (kind === 'integer') return { kind, value: BigInt(text) };
  if (kind === 'boolean') return { kind, value: cell === true };
  if (kind === 'float') return { kind, value: Number(text) };
  return { kind: 'string', value: text };
}
