/**
 * The names of what we send ourselves: the demo shop, this machine's figures and the gateway's own
 * telemetry, read back from ClickHouse and held against the pinned conventions.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startMachineMetrics } from '../../cli/demo/machine/metrics.ts';
import { startShop } from '../../cli/demo/shop/start.ts';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { systemClock } from '../../core/clock.ts';
import { startEngine } from '../support/engine.ts';
import { startGateway } from '../support/gateway.ts';
import { hostMetrics, hostMetricUnits } from './host-metrics.ts';
import type { PinnedNames } from './pin.ts';

const pinned: PinnedNames = JSON.parse(
  readFileSync(join(import.meta.dirname, 'semantic-conventions.json'), 'utf8'),
);
const attributes = new Set(pinned.attributes);
const metrics = new Set([...pinned.metrics, ...Object.keys(hostMetrics)]);

/** Namespaces of our own: the product's and, as a user would have one, the shop's. */
const isOurs = (name: string): boolean => /^(obsctl|shop)\.[a-z_.]+$/.test(name);

const metricTables = ['gauge', 'sum', 'histogram', 'exponential_histogram', 'summary'];
/** What comes last from each source. */
const slowest = [
  'http.client.request.duration',
  'process.memory.virtual',
  'obsctl.gateway.lag',
  'shop.orders',
  'shop.card_network.duration',
];
const fillMsMax = 45_000;
const setUpMsMax = 120_000;
const pollMs = 500;

type Names = {
  /** Attribute keys by where they stand. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
  /** Attribute keys of points, and units, by metric. */
  readonly points: readonly {
    readonly metric: string;
    readonly unit: string;
    readonly keys: readonly string[];
  }[];
  readonly scopes: readonly string[];
};

let names: Names;
const parts: { readonly stop: () => Promise<unknown> }[] = [];

beforeAll(async () => {
  const engine = await startEngine();
  parts.push(engine);
  const gateway = await startGateway({ clickhouseUrl: engine.url, telemetryIntervalMs: 1_000 });
  parts.push(gateway);
  const otlpGrpc = `http://${gateway.grpc}`;
  parts.push(startMachineMetrics({ otlpGrpc, intervalMs: 2_000, clock: systemClock }));
  const onComplaint = (): void => undefined;
  const shop = { otlpGrpc, otlpHttp: gateway.http, env: process.env, onComplaint };
  parts.push(await startShop(shop));
  const clickhouse = connectClickHouse({ url: engine.url });
  try {
    names = await readUntilFull(async (query) => {
      const result = await clickhouse.client.query({ query, format: 'JSONEachRow' });
      return await result.json<Record<string, unknown>>();
    });
  } finally {
    await clickhouse.close();
  }
}, setUpMsMax);

afterAll(async () => {
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) await part.stop();
}, setUpMsMax);

describe('attributes', () => {
  it.each(['resource', 'scope', 'span', 'event', 'link', 'log'])(
    'of every %s are conventional or in a namespace of our own',
    (place) => {
      expect(names.keys[place]?.filter((key) => !attributes.has(key) && !isOurs(key))).toEqual([]);
    },
  );

  it('that whoever looks at a service expects are there', () => {
    const wanted = {
      resource: [
        ...['service.name', 'service.namespace', 'service.version', 'service.instance.id'],
        ...['deployment.environment.name', 'host.name', 'host.arch', 'os.type', 'process.pid'],
        ...['process.executable.name', 'telemetry.sdk.language', 'telemetry.sdk.name'],
      ],
      span: [
        ...['http.request.method', 'http.route', 'http.response.status_code', 'url.path'],
        ...['url.scheme', 'server.address', 'server.port', 'messaging.system.name'],
        ...['messaging.destination.name', 'messaging.operation.type'],
      ],
    };
    for (const [place, keys] of Object.entries(wanted)) {
      expect(names.keys[place]).toEqual(expect.arrayContaining(keys));
    }
  });
});

describe('metrics', () => {
  it('have conventional names, the receiver’s, or one in a namespace of our own', () => {
    const odd = names.points.filter(({ metric }) => !metrics.has(metric) && !isOurs(metric));
    expect(odd).toEqual([]);
  });

  it('have conventional attributes, those that the receiver gives, or their own', () => {
    const odd = names.points.flatMap(({ metric, keys }) =>
      keys
        .filter((key) => !(hostMetrics[metric]?.includes(key) ?? false))
        .filter((key) => !attributes.has(key) && !isOurs(key))
        // The gateway's own metrics have bare words, as the Collector's own have.
        .filter((key) => !(metric.startsWith('obsctl.gateway.') && /^[a-z_]+$/.test(key)))
        .map((key) => `${metric} ${key}`),
    );
    expect(odd).toEqual([]);
  });

  it('of the machine have the units of the receiver', () => {
    const units = names.points.filter(({ metric }) => metric in hostMetricUnits);
    for (const { metric, unit } of units) {
      expect([metric, unit]).toEqual([metric, hostMetricUnits[metric]]);
    }
    expect(new Set(units.map(({ metric }) => metric))).toEqual(
      new Set(Object.keys(hostMetricUnits)),
    );
  });

  it('of HTTP servers and clients are there', () => {
    const found = names.points.map(({ metric }) => metric);
    const wanted = ['http.server.request.duration', 'http.client.request.duration'];
    expect(found).toEqual(expect.arrayContaining(wanted));
  });
});

describe('vendors', () => {
  it('have no name in anything that is sent', () => {
    const vendors =
      /datadog|\bdd[._-]|newrelic|new_relic|dynatrace|honeycomb|signalfx|splunk|lightstep|elastic/i;
    const all = [
      ...Object.values(names.keys).flat(),
      ...names.points.map(({ metric }) => metric),
      ...names.scopes,
    ];
    expect(all.length).toBeGreaterThan(50);
    expect(all.filter((name) => vendors.test(name))).toEqual([]);
  });

  it('have no package among what we depend on', () => {
    const manifest = join(import.meta.dirname, '../../package.json');
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(manifest, 'utf8'));
    const packages = Object.keys({ ...dependencies, ...optionalDependencies });
    expect(packages.filter((name) => /dd-trace|newrelic|dynatrace|elastic/.test(name))).toEqual([]);
  });
});

type Ask = (query: string) => Promise<readonly Record<string, unknown>[]>;

/** Looks until the slowest source has sent: the shop's fulfilment, and HTTP metrics. */
async function readUntilFull(ask: Ask): Promise<Names> {
  const endMs = performance.now() + fillMsMax;
  for (;;) {
    const found = await read(ask);
    const isFull =
      found.keys['span']?.includes('messaging.system.name') === true &&
      found.keys['event']?.length !== 0 &&
      found.keys['log']?.length !== 0 &&
      slowest.every((name) => found.points.some(({ metric }) => metric === name));
    if (isFull || performance.now() > endMs) return found;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

async function read(ask: Ask): Promise<Names> {
  const keysOf = async (table: string, column: string): Promise<readonly string[]> => {
    const depth = column.startsWith('Events') || column.startsWith('Links') ? 2 : 1;
    const inner = depth === 2 ? `arrayJoin(${column})` : column;
    const rows = await ask(
      `SELECT DISTINCT arrayJoin(mapKeys(${inner})) AS key FROM otel.${table} ORDER BY key`,
    );
    return rows.map(({ key }) => String(key));
  };
  const tables = [
    'otel_traces',
    'otel_logs',
    ...metricTables.map((name) => `otel_metrics_${name}`),
  ];
  const over = async (column: string): Promise<readonly string[]> => {
    const lists = await Promise.all(tables.map((table) => keysOf(table, column)));
    return [...new Set(lists.flat())].sort();
  };
  const points = await ask(
    metricTables
      .map(
        (name) =>
          `SELECT MetricName AS metric, MetricUnit AS unit,
             groupUniqArrayArray(mapKeys(Attributes)) AS keys
           FROM otel.otel_metrics_${name} GROUP BY metric, unit`,
      )
      .join(' UNION ALL '),
  );
  const scopes = await ask(
    'SELECT DISTINCT ScopeName AS scope FROM otel.otel_traces ' +
      'UNION ALL SELECT DISTINCT ScopeName FROM otel.otel_metrics_sum',
  );
  return {
    keys: {
      resource: await over('ResourceAttributes'),
      scope: await over('ScopeAttributes'),
      span: await keysOf('otel_traces', 'SpanAttributes'),
      event: await keysOf('otel_traces', 'Events.Attributes'),
      link: await keysOf('otel_traces', 'Links.Attributes'),
      log: await keysOf('otel_logs', 'LogAttributes'),
    },
    points: points.map(({ metric, unit, keys }) => ({
      metric: String(metric),
      unit: String(unit),
      keys: (keys as unknown[]).map(String),
    })),
    scopes: scopes.map(({ scope }) => String(scope)),
  };
}
