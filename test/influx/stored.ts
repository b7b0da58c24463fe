/** Rows of the gauge table in the words of `points.ts`. */
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { startEngine } from '../support/engine.ts';
import { startGateway } from '../support/gateway.ts';
import { mapText, type Row } from './points.ts';

type Stored = Omit<Row, 'resource' | 'attributes'> & {
  readonly resource: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, string>>;
};

export type System = {
  /** `http://127.0.0.1:PORT`, where lines are written to. */
  readonly url: string;
  /** The rows of one sender, once there are `count`, or after a while as many as there are. */
  readonly rows: (sender: string, count: number) => Promise<readonly Row[]>;
  readonly stop: () => Promise<void>;
};

const deliveryMsMax = 20_000;
const pollMs = 200;

/** A gateway with a real engine behind it. */
export async function startSystem(): Promise<System> {
  const engine = await startEngine();
  const gateway = await startGateway({ clickhouseUrl: engine.url });
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  return {
    url: gateway.http,
    rows: (sender, count) => delivered(clickhouse, sender, count),
    stop: async () => {
      await clickhouse.close();
      await gateway.stop();
      await engine.stop();
    },
  };
}

async function delivered(
  clickhouse: ClickHouse,
  sender: string,
  count: number,
): Promise<readonly Row[]> {
  const deadlineMs = Date.now() + deliveryMsMax;
  let rows = await storedRows(clickhouse, sender);
  while (rows.length < count && Date.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    rows = await storedRows(clickhouse, sender);
  }
  return rows;
}

async function storedRows(clickhouse: ClickHouse, sender: string): Promise<readonly Row[]> {
  const query = `SELECT MetricName AS metric, ServiceName AS service,
      ResourceAttributes AS resource, Attributes AS attributes,
      toString(toUnixTimestamp64Nano(TimeUnix)) AS time,
      toString(reinterpretAsUInt64(Value)) AS value,
      toString(ValueType) AS valueType, toString(ValueInt) AS valueInt
    FROM {d:Identifier}.otel_metrics_gauge WHERE Attributes['sender'] = {s:String}`;
  const result = await clickhouse.client.query({
    query,
    query_params: { d: clickhouse.database, s: sender },
    format: 'JSONEachRow',
  });
  return (await result.json<Stored>()).map((row) => ({
    ...row,
    resource: mapText(row.resource),
    attributes: mapText(row.attributes),
    value: numberText(BigInt(row.value)),
  }));
}

/** The eight bytes of a double as the shortest text: the engine's own has fewer digits. */
function numberText(bits: bigint): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return String(view.getFloat64(0));
}
