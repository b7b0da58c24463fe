/**
 * CPU-seconds per million lines of Influx line protocol, 1 000 lines a request as Telegraf sends
 * them: our gateway, whose data are synced before the answer and then in ClickHouse (engine Null,
 * the real schema), against the Collector's influxdb receiver with the same tables behind it, its
 * queue in memory, and against a real InfluxDB 1.6, which keeps them.
 * `npm run peers collector influxdb-1.6`, `npm run bench -- influx`.
 */
import { startInfluxdb } from '../test/influx/influxdb.ts';
import { startCollectorSide } from '../test/support/collector-side.ts';
import type { TestEngine } from '../test/support/engine.ts';
import { freePort } from '../test/support/free-ports.ts';
import { settleGateway } from '../test/support/gateway-load.ts';
import { nullDatabase, withNullGateway } from '../test/support/null-gateway.ts';
import { type BenchSide, compareSides, postAll, untilQuiet } from '../test/support/peer-bench.ts';
import { peers } from '../tools/peers/list.ts';
import { batchOf, type Shape } from './decode/influx/testdata/batches.ts';

const linesPerRequest = 1000;
const hosts = 16;
const linesARound = 200_000;
const requestsAtOnce = 4;
const stepNs = 10_000_000_000n;
const settleMs = 1500;
/** Batches go from here on into the past of the clock, whatever a run needs. */
const startNs = BigInt(Date.now() - 6 * 3600 * 1000) * 1_000_000n;
const shapes = ['telegraf', 'one_field'] as const satisfies readonly Shape[];

type Settle = (sent: number) => Promise<unknown>;

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  await withNullGateway([], async ({ engine, gateway, stops }) => {
    const collector = await startReceiver(engine);
    stops.defer(collector.stop);
    const influxdb = await startInfluxdb(programOf('influxdb-1.6'));
    stops.defer(influxdb.stop);
    await influxdb.query('CREATE DATABASE telegraf');
    for (const shape of shapes) {
      const path = '/write?db=telegraf&precision=ns';
      await compareSides({
        bench: `influx-${shape.replace('_', '-')}`,
        unit: 'cpu_s_per_million_lines',
        ours: sideOf('gateway', gateway.pid, gateway.http + path, shape, () =>
          settleGateway(gateway.admin),
        ),
        peers: [
          sideOf('collector-0.161', collector.pid, collector.url + path, shape, collector.settle),
          sideOf(
            'influxdb-1.6',
            influxdb.pid,
            influxdb.url + path,
            shape,
            () => new Promise((resolve) => setTimeout(resolve, settleMs)),
          ),
        ],
        itemsWarmUp: linesARound,
        items: linesARound,
        json,
      });
    }
  });
}

export function sideOf(
  name: string,
  pid: number,
  url: string,
  shape: Shape,
  settle: Settle,
): BenchSide {
  let sent = 0;
  return {
    name,
    pid,
    run: async (items) => {
      const count = Math.round(items / linesPerRequest);
      const headers = { 'content-type': 'text/plain; charset=utf-8' };
      const body = (): Uint8Array => {
        const host = sent % hosts;
        const atNs = startNs + BigInt(Math.floor(sent / hosts)) * stepNs;
        sent += 1;
        const text = Buffer.from(batchOf(shape, linesPerRequest, host + 1, atNs)).toString();
        return Buffer.from(text.replaceAll('host=web-1,', `host=web-${host},`));
      };
      await postAll({ url, headers, body, count, atOnce: requestsAtOnce });
      await settle(sent * linesPerRequest);
      return count * linesPerRequest;
    },
  };
}

async function startReceiver(engine: TestEngine): Promise<{
  readonly url: string;
  readonly pid: number;
  readonly settle: Settle;
  readonly stop: () => Promise<void>;
}> {
  const endpoint = `127.0.0.1:${await freePort()}`;
  const collector = await startCollectorSide({
    url: engine.url,
    database: nullDatabase,
    queue: 'memory',
    receivers: { influxdb: { endpoint } },
    signals: ['metrics'],
  });
  const delivered = (): Promise<number> =>
    collector.metric('otelcol_exporter_sent_metric_points(?:_total)?');
  return {
    url: `http://${endpoint}`,
    pid: collector.pid,
    // A line has at least one field, and each of them is a point.
    settle: (sent) => untilQuiet(delivered, sent),
    stop: collector.stop,
  };
}

function programOf(name: string): string {
  const found = peers.find((peer) => peer.name === name)?.find();
  if (found === undefined) throw new Error(`needs ${name}: npm run peers ${name}`);
  return found;
}
