/**
 * What the users of the ClickHouse in the cluster may do, on the real engine: `schema` makes the
 * tables, and `gateway` fills them and keeps every rollup of them, with the rights of their file.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClickHouse } from '../clickhouse/client.ts';
import { rebuildEdges } from '../clickhouse/edges.ts';
import { rebuildFlowMinutes, rebuildFlowSeconds } from '../clickhouse/flows.ts';
import { rebuildHour } from '../clickhouse/hour-rollup.ts';
import { secondsSinceReplaced } from '../clickhouse/hours.ts';
import { pointHours } from '../clickhouse/point-hours.ts';
import { pointMinutes } from '../clickhouse/points.ts';
import { rebuildDayRollup, rebuildHourRollup, rebuildMinuteRollup } from '../clickhouse/rollups.ts';
import { serviceEdges } from '../clickhouse/schema/edges.ts';
import { openEndMs } from '../clickhouse/schema/entities.ts';
import { flowLogs, flowMinutes } from '../clickhouse/schema/flows.ts';
import { schemaScript } from '../clickhouse/script.ts';
import { keptRollups } from '../gateway/kept-rollups.ts';
import { countCosts } from '../jobs/prices/count.ts';
import { startAsUser } from '../test/support/as-user.ts';
import { usersConfig } from './clickhouse-files.ts';

const startMsMax = 180_000;
const testMsMax = 120_000;
const users = usersConfig('otel');
/** Of yesterday, so that the hour is over and no retention takes it. */
const hour = Math.floor(Date.now() / 3_600_000) * 3600 - 86_400;
const day = new Date(hour * 1000).toISOString().slice(0, 10);

let dataDir = '';
let server: ClickHouse;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'obsctl-rights-'));
  const schema = await startAsUser(dataDir, 'schema', users);
  const script = schemaScript({
    database: 'otel',
    profile: 'balanced',
    flavour: 'server',
    serverVersion: [25, 8],
    retentionDays: {},
    views: false,
  });
  for (const statement of script.split(/;\n+/)) {
    if (statement.trim() !== '') await schema.run(statement);
  }
  await schema.close();
  server = await startAsUser(dataDir, 'gateway', users);
}, startMsMax);

afterAll(async () => {
  await server?.close();
  await rm(dataDir, { recursive: true, force: true });
});

describe('the gateway', () => {
  it(
    'fills tables and keeps every rollup of them',
    async () => {
      const at = `toDateTime64(${hour + 60}, 9, 'UTC')`;
      // Seconds of flows are kept for a day only.
      const soon = hour + 82_800;
      const lately = `toDateTime64(${soon + 60}, 9, 'UTC')`;
      const columns = 'Timestamp, TraceId, SpanId, ParentSpanId, SpanKind, ServiceName, SpanName';
      await server.run(
        `INSERT INTO otel.otel_traces (${columns}, Duration) VALUES ` +
          `(${at}, 'a', '1', '', 'Client', 'shop', 'buy', 9), ` +
          `(${at}, 'a', '2', '1', 'Server', 'stock', 'take', 5)`,
      );
      await server.run(
        'INSERT INTO otel.otel_logs (Timestamp, ServiceName, Body, LogAttributes) ' +
          `VALUES (${at}, 'shop', 'sold 1 of 2', map('code', '7')), (${lately}, 'agent', '', ` +
          "map('network.transport', 'tcp', 'source.address', '10.0.0.1', " +
          "'destination.address', '10.0.0.2', 'source.bytes', '9'))",
      );
      await server.run(
        'INSERT INTO otel.otel_metrics_gauge (TimeUnix, ServiceName, MetricName, Value) ' +
          `VALUES (${at}, 'shop', 'carts', 3)`,
      );
      await server.run(
        'INSERT INTO otel.otel_red_1s (Time, ServiceName) ' +
          `VALUES (toDateTime(${hour + 60}, 'UTC'), 'shop')`,
      );
      await rebuildEdges(server, { hour, fromMinute: 0 });
      // Hours of points are made of their minutes, and these of the series.
      for (const rollup of [...keptRollups, pointMinutes, pointHours]) {
        await rebuildHour(server, rollup, hour);
      }
      for (const rebuild of [rebuildMinuteRollup, rebuildHourRollup, rebuildDayRollup]) {
        expect(await rebuild(server, day)).toMatchObject({ replaced: true });
      }
      const flows = { from: soon, to: soon + 120 };
      await rebuildFlowSeconds(server, flows);
      await rebuildFlowMinutes(server, flows);
      expect(await secondsSinceReplaced(server, serviceEdges, hour)).toBeLessThan(3600);
      const left = "SELECT name FROM system.tables WHERE name LIKE '%_staging_%'";
      expect(await server.rows(left)).toEqual([]);
      const counted = [pointMinutes.table, flowLogs, flowMinutes];
      for (const { name } of [...keptRollups.map(({ table }) => table), ...counted]) {
        const [row] = await server.rows(`SELECT count() > 0 AS has FROM otel.${name}`);
        expect({ name, ...Object(row) }).toEqual({ name, has: 1 });
      }
      expect(await server.rows(`SELECT count() AS n FROM otel.${serviceEdges.name}`)).toEqual([
        { n: 1 },
      ]);
    },
    testMsMax,
  );

  it(
    'counts what hours cost, also twice',
    async () => {
      const from = hour * 1000;
      const born = `fromUnixTimestamp64Milli(toInt64(${from - 3_600_000}))`;
      const forever = `fromUnixTimestamp64Milli(toInt64(${openEndMs}))`;
      await server.run(
        'INSERT INTO otel.entity_nodes (Cluster, Id, Name, Created, CapacityCpuMillis, ' +
          'CapacityMemoryBytes, ValidFrom, ValidTo, Version) ' +
          `VALUES ('lab', 'n', 'node-1', ${born}, 2000, 8000000000, ${born}, ${forever}, 1)`,
      );
      const { signal } = new AbortController();
      const labels = { team: ['team'], owner: [], costCenter: [] };
      const options = { sinceMs: from, nowMs: from + 3_600_000, labels, signal };
      for (let turn = 0; turn < 2; turn += 1) {
        const { hours, sources } = await countCosts(server, options);
        expect({ hours, nodeHours: sources.map(({ nodeHours }) => nodeHours) }).toEqual({
          hours: 1,
          nodeHours: ['1'],
        });
      }
      const [row] = await server.rows('SELECT count() AS n FROM otel.cost_hours');
      expect(row).toEqual({ n: 2 });
    },
    testMsMax,
  );

  it.each([
    'DROP TABLE otel.cost_hours',
    'DROP TABLE otel.otel_traces',
    'TRUNCATE TABLE otel.otel_traces',
    'ALTER TABLE otel.otel_traces DELETE WHERE 1',
    'DROP TABLE otel.otel_metrics_1h',
    'ALTER TABLE otel.otel_metrics_1h DROP COLUMN Time',
    'CREATE TABLE otel.mine (x Int8) ENGINE = Memory',
    'CREATE DATABASE another',
    'DROP DATABASE otel',
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    'GRANT SELECT ON otel.* TO default',
  ])('may not %s', async (statement) => {
    await expect(server.run(statement)).rejects.toThrow(/ACCESS_DENIED|Not enough privileges/);
  });
});
