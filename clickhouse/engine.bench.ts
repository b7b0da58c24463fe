/**
 * `npm run bench -- engine`: what the engine pays for the same rows in our tables and in those of
 * the Collector's exporter, until merges have ended. Sides run in turn on engines of their own;
 * CPU is that of the engine's process alone. `ENGINE_SIGNALS=traces,logs` takes some signals,
 * `ENGINE_ROUNDS=3` repeats, `ENGINE_ROWS` changes how many rows, `ENGINE_PEER_BATCH=10000` gives
 * the exporter's tables the batches that are usual for it.
 */
import { startEngine } from '../test/support/engine.ts';
import {
  type Batch,
  createStaging,
  type FilledEngine,
  fillEngine,
  makeBatch,
  timeQuery,
} from '../test/support/engine-cost.ts';
import { type EngineCase, engineCases, type Side } from '../test/support/engine-sides.ts';
import { median, printLine, rounded } from '../test/support/figures.ts';

const rowsDefault = 2_000_000;
/** A seal of ours under load; the exporter's batches are as large, to be fair to it. */
const batchRowsDefault = 50_000;
const queryRuns = 25;

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  const wanted = process.env['ENGINE_SIGNALS']?.split(',');
  const rounds = Number(process.env['ENGINE_ROUNDS'] ?? 1);
  for (const entry of engineCases) {
    if (wanted === undefined || wanted.includes(entry.signal)) await runCase(entry, rounds, json);
  }
}

async function runCase(entry: EngineCase, rounds: number, json: boolean): Promise<void> {
  const source = await startEngine();
  const cpu = new Map<string, number[]>();
  try {
    await createStaging(source.url, entry.sides);
    for (let round = 0; round < rounds; round += 1) {
      const filled = await fillAll(entry.sides, source.url, round);
      try {
        for (const [name, { figures }] of filled) {
          cpu.set(name, [...(cpu.get(name) ?? []), figures.cpuSecondsPerMillion]);
        }
        if (round < rounds - 1) continue;
        printCpu(entry, cpu, json);
        printFigures(entry, filled, json);
        await printQueries(entry, filled, json);
      } finally {
        for (const { stop } of filled.values()) await stop();
      }
    }
  } finally {
    await source.stop();
  }
}

/** The side that begins is another one each round. */
async function fillAll(
  sides: readonly Side[],
  source: string,
  round: number,
): Promise<Map<string, FilledEngine>> {
  const rows = Number(process.env['ENGINE_ROWS'] ?? rowsDefault);
  const peerRows = Number(process.env['ENGINE_PEER_BATCH'] ?? batchRowsDefault);
  const filled = new Map<string, FilledEngine>();
  for (let index = 0; index < sides.length; index += 1) {
    const side = sides[(index + round) % sides.length];
    if (side === undefined) throw new Error('no side');
    const batchRows = side.name === 'ours' ? batchRowsDefault : peerRows;
    filled.set(side.name, await fillEngine(side, rows, batchesOf(source, side, rows, batchRows)));
  }
  return filled;
}

/** Made when they are asked for, by an engine whose CPU does not count. */
async function* batchesOf(
  source: string,
  side: Side,
  rows: number,
  batchRows: number,
): AsyncGenerator<Batch> {
  for (let from = 0; from < rows; from += batchRows) {
    yield await makeBatch(source, side, rows, from, batchRows);
  }
}

function printCpu(
  entry: EngineCase,
  cpu: ReadonlyMap<string, readonly number[]>,
  json: boolean,
): void {
  const ours = cpu.get('ours') ?? [];
  const peers = [...cpu].filter(([name]) => name !== 'ours');
  for (const [name, runs] of peers) {
    printLine(json, {
      bench: `engine-${entry.signal}-cpu`,
      value: rounded(median(ours)),
      unit: `cpu_s_per_million_${entry.items}`,
      peer: { [name]: rounded(median(runs)) },
      ratio: rounded(median(ours.map((one, round) => one / (runs[round] ?? Number.NaN)))),
      runs: ours.map(rounded),
      peer_runs: runs.map(rounded),
    });
  }
}

function printFigures(
  entry: EngineCase,
  filled: ReadonlyMap<string, FilledEngine>,
  json: boolean,
): void {
  const of = (pick: (one: FilledEngine) => number): Record<string, number> =>
    Object.fromEntries([...filled].map(([name, one]) => [name, rounded(pick(one))]));
  const kinds = [
    ['bytes', 'bytes_per_row', of(({ figures }) => figures.bytesPerRow)],
    ['merged', 'rows_merged_per_row', of(({ figures }) => figures.mergedPerRow)],
    ['parts', 'parts_left', of(({ figures }) => figures.parts)],
  ] as const;
  for (const [kind, unit, { ours = 0, ...peer }] of kinds) {
    printLine(json, { bench: `engine-${entry.signal}-${kind}`, value: ours, unit, peer });
  }
}

async function printQueries(
  entry: EngineCase,
  filled: ReadonlyMap<string, FilledEngine>,
  json: boolean,
): Promise<void> {
  const names = [...filled.keys()];
  const urls = [...filled.values()].map(({ url }) => url);
  for (const query of entry.queries) {
    const times = await timeQuery(urls, query, queryRuns);
    const medians = Object.fromEntries(
      names.map((one, index) => [one, rounded(median(times[index] ?? []))]),
    );
    const { ours = 0, ...peer } = medians;
    const mine = times[names.indexOf('ours')] ?? [];
    const ratios = Object.keys(peer).map((name) => {
      const theirs = times[names.indexOf(name)] ?? [];
      return rounded(median(mine.map((one, index) => one / (theirs[index] ?? Number.NaN))));
    });
    printLine(json, {
      bench: `engine-${entry.signal}-query`,
      query: query.name,
      value: ours,
      unit: 'ms',
      peer,
      // To the faster peer; of runs that followed each other.
      ratio: Math.max(...ratios),
    });
  }
}
