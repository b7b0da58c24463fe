/**
 * CPU-seconds per million samples of remote write: our gateway, whose data are synced before the
 * answer and then in ClickHouse (engine Null, the real schema), against the receiver of a real
 * Prometheus, which keeps them. The same series, scraped again and again, 2 000 a request as
 * Prometheus 3 sends them. `npm run peers prometheus-3.14.0`,
 * `npm run bench -- remote-write`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compress } from 'snappyjs';
import { freePort } from '../test/support/free-ports.ts';
import { settleGateway } from '../test/support/gateway-load.ts';
import { withNullGateway } from '../test/support/null-gateway.ts';
import { type BenchSide, compareSides, postAll } from '../test/support/peer-bench.ts';
import { startProgram } from '../test/support/program.ts';
import { peers } from '../tools/peers/list.ts';
import { distinctSeries } from './decode/remote-write/testdata/load.ts';
import { writeRequestV1, writeRequestV2 } from './decode/remote-write/testdata/write-request.ts';

const seriesPerRequest = 2000;
const itemsARound = 1_000_000;
/** As a sender's shards: each has series of its own, because samples must arrive in order. */
const shards = 4;
const requestsPerShard = 3;
const requestsPerScrape = shards * requestsPerShard;
/** The default of Prometheus; a run is hours of its time, so that it compacts as in life. */
const scrapeMs = 60_000;
const peerName = 'prometheus-3.14.0';
/** Scrapes go from here on into the past of the clock, whatever a run needs. */
const startMs = BigInt(Date.now() - 12 * 3600 * 1000);

const versions = {
  v1: {
    type: 'application/x-protobuf',
    version: '0.1.0',
    encode: writeRequestV1,
  },
  v2: {
    type: 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    version: '2.0.0',
    encode: writeRequestV2,
  },
} as const;

type Version = keyof typeof versions;
type Stop = () => Promise<void>;

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  for (const version of ['v1', 'v2'] as const) {
    await withNullGateway([], async ({ gateway, stops }) => {
      const prometheus = await startReceiver();
      stops.defer(prometheus.stop);
      const url = `${gateway.http}/api/v1/write`;
      const settle = (): Promise<void> => settleGateway(gateway.admin);
      await compareSides({
        bench: `remote-write-${version}`,
        unit: 'cpu_s_per_million_samples',
        ours: sideOf('gateway', gateway.pid, url, version, settle),
        peers: [sideOf(peerName, prometheus.pid, prometheus.url, version)],
        itemsWarmUp: itemsARound,
        items: itemsARound,
        json,
      });
    });
  }
}

export function sideOf(
  name: string,
  pid: number,
  url: string,
  version: Version,
  settle?: () => Promise<void>,
): BenchSide {
  const scrapes = new Scrapes(version);
  const { type } = versions[version];
  return {
    name,
    pid,
    run: async (items) => {
      const count = Math.round(items / seriesPerRequest);
      await postAll({
        url,
        headers: {
          'content-type': type,
          'content-encoding': 'snappy',
          'x-prometheus-remote-write-version': versions[version].version,
        },
        body: (shard) => scrapes.next(shard),
        count,
        atOnce: shards,
      });
      await settle?.();
      return count * seriesPerRequest;
    },
  };
}

/** Requests without end: all series in turn, each time later and with other values. */
class Scrapes {
  readonly #bodies: readonly Uint8Array[];
  /** In each body, where the times are; a sample's value lies nine bytes before. */
  readonly #times: readonly (readonly number[])[];
  readonly #sent = new Array<number>(shards).fill(0);

  constructor(version: Version) {
    const all = distinctSeries(seriesPerRequest * requestsPerScrape, 1, startMs);
    this.#bodies = Array.from({ length: requestsPerScrape }, (_, index) =>
      versions[version].encode(all.slice(index * seriesPerRequest, (index + 1) * seriesPerRequest)),
    );
    const mark = Buffer.from([0x10, ...varint(startMs)]);
    this.#times = this.#bodies.map((body) =>
      placesOf(Buffer.from(body.buffer, body.byteOffset, body.length), mark),
    );
  }

  next(shard: number): Uint8Array {
    const sent = this.#sent[shard]!;
    this.#sent[shard] = sent + 1;
    const index = shard * requestsPerShard + (sent % requestsPerShard);
    const scrape = Math.floor(sent / requestsPerShard);
    const body = this.#bodies[index]!;
    const view = new DataView(body.buffer, body.byteOffset);
    const time = varint(startMs + BigInt(scrape * scrapeMs));
    for (const [series, place] of this.#times[index]!.entries()) {
      body.set(time, place + 1);
      view.setFloat64(place - 8, scrape * 17 + series * 1.25, true);
    }
    return compress(body);
  }
}

function placesOf(body: Buffer, mark: Buffer): number[] {
  const places: number[] = [];
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + 1)) places.push(at);
  if (places.length !== seriesPerRequest) throw new Error(`${places.length} samples in a body`);
  return places;
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

async function startReceiver(): Promise<{ url: string; pid: number; stop: Stop }> {
  const program = peers.find((peer) => peer.name === peerName)?.find();
  if (program === undefined) throw new Error(`needs Prometheus: npm run peers ${peerName}`);
  const folder = mkdtempSync(join(tmpdir(), 'obsctl-bench-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, '{}');
  const address = `127.0.0.1:${await freePort()}`;
  const running = startProgram(join(program, 'prometheus'), [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
    '--web.enable-remote-write-receiver',
    '--web.remote-write-receiver.accepted-protobuf-messages=prometheus.WriteRequest',
    '--web.remote-write-receiver.accepted-protobuf-messages=io.prometheus.write.v2.Request',
  ]);
  await running.said('Server is ready');
  return {
    url: `http://${address}/api/v1/write`,
    pid: running.pid,
    stop: async () => {
      running.killGroup('SIGKILL');
      await running.ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
