/**
 * The files of a rendered cluster on the real engine: it takes from them who it is and who the
 * others are, and its users have the rights they need on tables of a cluster, and no more.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Sql } from '../../clickhouse/client.ts';
import { clusterMacro, localName } from '../../clickhouse/cluster.ts';
import { rebuildEdges } from '../../clickhouse/edges.ts';
import { rebuildHour } from '../../clickhouse/hour-rollup.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { pointHours } from '../../clickhouse/point-hours.ts';
import { pointMinutes } from '../../clickhouse/points.ts';
import {
  rebuildDayRollup,
  rebuildHourRollup,
  rebuildMinuteRollup,
} from '../../clickhouse/rollups.ts';
import { schemaScript } from '../../clickhouse/script.ts';
import { keptRollups } from '../../gateway/kept-rollups.ts';
import { clickhouseObjects } from '../../k8s/clickhouse.ts';
import { clusterPorts, serverVariables } from '../../k8s/cluster-files.ts';
import { sampleClickhouse, samplePlace, sampleTopology } from '../../k8s/testdata/sample.ts';
import { clusterName, replicaHosts } from '../../k8s/topology.ts';
import { asDefault, passwordOfUsers } from '../support/as-user.ts';
import { describeWithPeers } from '../support/peer.ts';
import { asOneServer } from './cluster.ts';
import { type Replica, startReplica } from './replica.ts';
import { type SessionProxy, startSessionProxy } from './session-proxy.ts';
import { startZooKeeper, type ZooKeeper } from './zookeeper.ts';

const isKnown = process.platform === 'linux' && process.arch === 'x64';
const refusal = isKnown ? undefined : 'the engine can be a replica on Linux x64';
const startMsMax = 180_000;
const testMsMax = 120_000;

const pod = 'shop-clickhouse-shard-2-1';
/** Of yesterday, so that the hour is over and no retention takes it. */
const hour = Math.floor(Date.now() / 3_600_000) * 3600 - 86_400;
const day = new Date(hour * 1000).toISOString().slice(0, 10);
const place = { database: 'otel', isSharded: true };

describeWithPeers(['zookeeper'], 'a rendered cluster', renderedOf, refusal);

function renderedOf([jarsDir = '']: readonly string[]): void {
  let dir = '';
  let keeper: ZooKeeper;
  let proxy: SessionProxy;
  let replica: Replica | undefined;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'obsctl-rendered-'));
    keeper = await startZooKeeper(jarsDir);
    proxy = await startSessionProxy(keeper.port, '00000001-0000-4000-8000-000000000000');
  }, startMsMax);

  afterAll(async () => {
    await replica?.kill();
    await proxy?.stop();
    await keeper?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  /** The one server, started again with the rights of a user. */
  const as = async (user: string): Promise<Sql> => {
    await replica?.kill();
    const files = renderedFiles();
    const usersFile = join(dir, 'users.xml');
    await writeFile(usersFile, asDefault(user, files.users));
    const config = files.config
      .replaceAll(/<host>[^<]*-keeper-[^<]*<\/host>/g, '<host>127.0.0.1</host>')
      .replaceAll(`<port>${clusterPorts.keeper}</port>`, `<port>${proxy.port}</port>`)
      .replace('</clickhouse>', `<users_config>${usersFile}</users_config></clickhouse>`);
    replica = await startReplica({
      ...{ dir, shard: '2', replica: pod, keeperPort: proxy.port, config },
      env: {
        [serverVariables.shard]: '2',
        [serverVariables.replica]: pod,
        [serverVariables.host]: '127.0.0.1',
        [serverVariables.password]: passwordOfUsers,
        GATEWAY_PASSWORD: passwordOfUsers,
        SCHEMA_PASSWORD: passwordOfUsers,
        READER_PASSWORD: passwordOfUsers,
      },
    });
    return asOneServer([{ ...replica, proxy, queue: [], isAway: false }]);
  };

  it(
    'tells each server who it is and who the others are',
    async () => {
      const sql = await as('schema');
      const macros = ['cluster', 'shard', 'replica'].map(
        (name) => `getMacro('${name}') AS ${name}`,
      );
      expect(await sql.rows(`SELECT ${macros.join(', ')}`)).toEqual([
        { cluster: clusterName, shard: '2', replica: pod },
      ]);
      const servers = await sql.rows<{ shard_num: number; host_name: string }>(
        `SELECT shard_num, host_name FROM system.clusters WHERE cluster = '${clusterName}'
         ORDER BY shard_num, replica_num`,
      );
      const hosts = replicaHosts(samplePlace, sampleTopology);
      expect(servers.map(({ host_name }) => host_name)).toEqual(hosts.flat());
      expect(servers.map(({ shard_num }) => shard_num)).toEqual([1, 1, 2, 2]);
    },
    testMsMax,
  );

  it(
    'lets `schema` make the tables of a cluster, by migrate and by the script',
    async () => {
      const sql = await as('schema');
      expect(await sql.rows('CHECK GRANT CLUSTER, REMOTE ON *.*')).toEqual([{ result: 1 }]);
      const { refusals } = await migrate(sql, { cluster: clusterMacro });
      expect(refusals).toEqual([]);
      const script = schemaScript({
        ...{ database: 'otel', profile: 'balanced', flavour: 'server', serverVersion: [25, 8] },
        ...{ retentionDays: { traces: 9 }, views: true, cluster: clusterMacro },
      });
      for (const statement of script.split(/;\n+/)) {
        if (statement.trim() !== '') await sql.run(statement);
      }
      const [table] = await sql.rows<{ engine: string }>(
        "SELECT engine_full AS engine FROM system.tables WHERE name = 'otel_traces_local'",
      );
      expect(table?.engine).toMatch(/^ReplicatedMergeTree\(.*toIntervalDay\(9\)/);
    },
    testMsMax,
  );

  it(
    'lets `gateway` fill them, keep every rollup, and no more',
    async () => {
      const sql = await as('gateway');
      const at = `toDateTime64(${hour + 60}, 9, 'UTC')`;
      await sql.run(
        'INSERT INTO otel.otel_traces_local ' +
          '(Timestamp, TraceId, SpanId, ParentSpanId, SpanKind, ServiceName, SpanName, Duration) ' +
          `VALUES (${at}, 'a', '1', '', 'Client', 'shop', 'buy', 9), ` +
          `(${at}, 'a', '2', '1', 'Server', 'stock', 'take', 5)`,
      );
      await rebuildEdges(sql, { hour, fromMinute: 0 }, place);
      for (const rollup of [...keptRollups, pointMinutes, pointHours]) {
        await rebuildHour(sql, rollup, hour, place);
      }
      for (const rebuild of [rebuildMinuteRollup, rebuildHourRollup, rebuildDayRollup]) {
        await rebuild(sql, day, place);
      }
      const edges = `SELECT count() AS n FROM otel.${localName('otel_service_edges_1m')}`;
      expect(await sql.rows(edges)).toEqual([{ n: 1 }]);
      for (const statement of [
        'DROP TABLE otel.otel_traces_local',
        'TRUNCATE TABLE otel.otel_traces_local',
        'ALTER TABLE otel.otel_traces_local DELETE WHERE 1',
        "SELECT * FROM remote('127.0.0.1', system.one)",
      ]) {
        await expect(sql.run(statement)).rejects.toThrow(/ACCESS_DENIED|Not enough privileges/);
      }
    },
    testMsMax,
  );
}

function renderedFiles(): { readonly config: string; readonly users: string } {
  const objects = clickhouseObjects({ ...sampleClickhouse, topology: sampleTopology }, samplePlace);
  const textOf = (suffix: string): string => {
    for (const object of objects) {
      if (object.kind === 'ConfigMap' && object.metadata.name.endsWith(suffix)) {
        return object.data['obsctl.xml'] ?? '';
      }
    }
    throw new Error(`no ConfigMap ${suffix}`);
  };
  return { config: textOf('-config'), users: textOf('-users') };
}
