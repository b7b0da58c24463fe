/**
 * A bench of the whole gateway against other programs: all sides in turn in one run, on the same
 * input, CPU time of the side's own process alone.
 */
import { Agent, request } from 'node:http';
import { printLine, quantile, rounded } from './figures.ts';
import { cpuSeconds, statusBytes } from './gateway-load.ts';

export type BenchSide = {
  readonly name: string;
  readonly pid: number;
  /** Sends `items`, and waits until they are where they are to be; how many it were. */
  readonly run: (items: number) => Promise<number>;
};

export type Comparison = {
  readonly bench: string;
  readonly unit: string;
  readonly ours: BenchSide;
  readonly peers: readonly BenchSide[];
  readonly itemsWarmUp: number;
  readonly items: number;
  readonly json: boolean;
};

/** By hand: OBSCTL_BENCH_ROUNDS. */
const rounds = Number(process.env['OBSCTL_BENCH_ROUNDS'] ?? 5);

/** Prints one line: `peer` and `ratio` by name of the peer where there are several. */
export async function compareSides(comparison: Comparison): Promise<void> {
  const { bench, unit, ours, peers, items, json } = comparison;
  const sides = [ours, ...peers];
  const runs = sides.map((): number[] => []);
  for (const side of sides) await side.run(comparison.itemsWarmUp);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, side] of sides.entries()) {
      const before = cpuSeconds(side.pid);
      const done = await side.run(items);
      runs[index]?.push(((cpuSeconds(side.pid) - before) / done) * 1e6);
    }
  }
  const [own = []] = runs;
  const value = quantile(own, 0.5);
  for (const [index, peer] of peers.entries()) {
    const theirs = runs[index + 1] ?? [];
    const ratios = own.map((one, round) => one / (theirs[round] ?? 0));
    printLine(json, {
      bench: `${bench}-vs-${peer.name}`,
      value: rounded(value),
      unit,
      peer: { [peer.name]: rounded(quantile(theirs, 0.5)) },
      ratio: rounded(value / quantile(theirs, 0.5)),
      // Of the ratios of the rounds: what a difference must exceed to mean something.
      ratios_min_max: [rounded(Math.min(...ratios)), rounded(Math.max(...ratios))],
      runs: own.map(rounded),
      peer_runs: theirs.map(rounded),
      peak_bytes: statusBytes(ours.pid, 'VmHWM'),
      peer_peak_bytes: statusBytes(peer.pid, 'VmHWM'),
    });
  }
}

export type Posting = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The next one of a connection; no two with the same bytes. */
  readonly body: (connection: number) => Uint8Array;
  readonly count: number;
  readonly atOnce: number;
};

/** Posts bodies over connections that stay; throws at the first answer that is not 2xx. */
export async function postAll(posting: Posting): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: posting.atOnce });
  let next = 0;
  const loop = async (connection: number): Promise<void> => {
    while (next < posting.count) {
      next += 1;
      await post(agent, posting, posting.body(connection));
    }
  };
  try {
    await Promise.all(Array.from({ length: posting.atOnce }, (_, index) => loop(index)));
  } finally {
    agent.destroy();
  }
}

function post(agent: Agent, { url, headers }: Posting, body: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = {
      agent,
      method: 'POST',
      headers: { ...headers, 'content-length': body.length },
    };
    const outgoing = request(url, options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const status = answer.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve();
        else reject(new Error(`${url} answered ${status}: ${Buffer.concat(chunks).toString()}`));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const quietMs = 1500;
const settleMsMax = 120_000;

/** Waits until `count` is at least `wanted` and has stopped growing; returns it. */
export async function untilQuiet(count: () => Promise<number>, wanted: number): Promise<number> {
  const deadline = performance.now() + settleMsMax;
  let last = -1;
  let since = performance.now();
  for (;;) {
    const value = await count();
    if (value !== last) {
      last = value;
      since = performance.now();
    }
    if (value >= wanted && performance.now() - since > quietMs) return value;
    if (performance.now() > deadline) throw new Error(`${value} of ${wanted} came through`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
