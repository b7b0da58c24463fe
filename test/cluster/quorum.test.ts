/**
 * Two replicas before which a gateway asks for a quorum that nobody can give: between these
 * engines parts are not fetched, so the second one never has an insert. Rows wait in the log of the
 * gateway, with the reason said, however often they are sent; without the quorum they are there
 * once.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { clusterMacro } from '../../clickhouse/cluster.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { createInsertClient, type StatementResult } from '../../gateway/deliver/insert-client.ts';
import { type InsertQuorum, quorumSettings } from '../../gateway/deliver/quorum.ts';
import { logsRequest } from '../crash/payload.ts';
import { drain } from '../scale/drain.ts';
import { sendUntil, spansEach } from '../scale/sender.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeers } from '../support/peer.ts';
import { startCluster, type TestCluster, type TestNode } from './cluster.ts';

const isKnown = process.platform === 'linux' && process.arch === 'x64';
const refusal = isKnown ? undefined : 'the engine can be a replica on Linux x64';
const insertTimeoutMs = 2_000;
/** Rows of long ago would be past their retention. */
const today = new Date().toISOString().slice(0, 10);
const answerMsMax = 30_000;
const loadMs = 2_000;
const heardMsMax = 60_000;
/** Attempts whose quorum failed, before anything is changed. */
const failuresMin = 8;
const recordsSent = 100;

describeWithPeers(['zookeeper'], 'an insert quorum of two replicas', quorumOf, refusal);

function quorumOf([jarsDir = '']: readonly string[]): void {
  let cluster: TestCluster;
  let nodes: readonly TestNode[];
  let dataDir = '';
  let gateway: TestGateway | undefined;

  beforeAll(async () => {
    cluster = await startCluster(jarsDir, [
      ['01', 'replica-0'],
      ['01', 'replica-1'],
    ]);
    ({ nodes } = cluster);
    await migrate(cluster.sql, { cluster: clusterMacro });
    dataDir = await mkdtemp(join(tmpdir(), 'obsctl-quorum-'));
  }, 180_000);

  afterAll(async () => {
    await gateway?.stop();
    await cluster?.stop();
    await rm(dataDir, { recursive: true, force: true });
  }, 60_000);

  const insert = async (
    node: TestNode,
    token: string,
    quorum: InsertQuorum,
  ): Promise<StatementResult> => {
    const client = createInsertClient({ url: node.url, database: 'otel', connectionsMax: 1 });
    const result = await client.run({
      sql: 'INSERT INTO otel.otel_logs_local (Timestamp, Body) FORMAT JSONEachRow',
      settings: {
        ...{ async_insert: '0', wait_end_of_query: '1', insert_deduplication_token: token },
        ...quorumSettings(quorum, insertTimeoutMs),
      },
      chunks: [Buffer.from(JSON.stringify({ Timestamp: today, Body: token }))],
      // Longer than the server waits for the others, which is what is asked.
      timeoutMs: answerMsMax,
    });
    client.destroy();
    return result;
  };

  const onEach = (query: string): Promise<readonly number[]> =>
    Promise.all(
      nodes.map(async (node) => {
        const [row] = await node.rows<{ count: number }>(query);
        return Number(row?.count);
      }),
    );
  const records = (body: string): Promise<readonly number[]> =>
    onEach(`SELECT count() AS count FROM otel.otel_logs_local WHERE Body = '${body}'`);

  it('fails with 319 while the rows can be read, and again by way of either', async () => {
    const [first, second] = nodes as [TestNode, TestNode];
    for (const quorum of [2, 'auto'] as const) {
      for (const node of [first, second]) {
        const failed = await insert(node, 'x', quorum);
        expect(failed).toMatchObject({ ok: false, kind: 'retryable', ambiguous: true, code: 319 });
      }
    }
    expect(await records('x')).toEqual([1, 0]);
    // Another insert is not kept out by one whose quorum failed.
    expect(await insert(second, 'y', 2)).toMatchObject({ kind: 'retryable', code: 319 });
    for (const node of nodes) expect(await insert(node, 'x', 0)).toMatchObject({ ok: true });
    expect(await records('x')).toEqual([1, 0]);
  }, 60_000);

  it('fails with 285 and stores nothing when there are too few replicas', async () => {
    for (const node of nodes) {
      const failed = await insert(node, 'z', 3);
      expect(failed).toMatchObject({ ok: false, kind: 'retryable', code: 285 });
    }
    expect(await records('z')).toEqual([0, 0]);
  });

  it('keeps rows in the log, with the reason; without it they are stored once', async () => {
    const clickhouseUrl = nodes.map(({ url }) => url).join('|');
    const args = ['--no-migrate', '--insert-timeout', `${insertTimeoutMs}ms`, '--grace', '500ms'];
    const asked = [...args, '--insert-quorum', '2'];
    gateway = await startGateway({ clickhouseUrl, dataDir, workers: 1, args: asked });
    const failures = (): number => (gateway?.talk().split('verify quorum').length ?? 1) - 1;
    const failed = async (times: number): Promise<void> => {
      const deadline = performance.now() + heardMsMax;
      while (failures() < times && performance.now() < deadline) await sleep(100);
      expect(failures()).toBeGreaterThanOrEqual(times);
    };
    // In a seal of their own: of records alone, every row can be found by its seal.
    await sendRecords(gateway.http);
    await failed(1);
    const stop = new AbortController();
    const sending = sendUntil(gateway.http, 0, stop.signal);
    await sleep(loadMs);
    stop.abort();
    const sent = await sending;
    await failed(failuresMin);
    expect(gateway.talk()).toContain('Code: 319. DB::Exception: Unknown quorum status');
    // What a replica has was found there, and is no reason to forget it.
    expect(sum(await onEach(recordsStored))).toBe(recordsSent);
    await gateway.stop();
    expect(gateway.talk()).toContain('stay in the log until next time');
    expect(sum(await onEach('SELECT count() AS count FROM otel.obsctl_receipts_local'))).toBe(0);

    await drain(clickhouseUrl, dataDir);
    expect(sent.every(({ unanswered }) => unanswered === 0)).toBe(true);
    expect(sum(await onEach(spansStored))).toBe(sent.length * spansEach);
    expect(sum(await onEach(recordsStored))).toBe(recordsSent);
    const counted = 'SELECT sum(Count) AS count FROM otel.otel_red_1s_local';
    expect(sum(await onEach(counted))).toBe(sent.length * spansEach);
  }, 180_000);
}

async function sendRecords(url: string): Promise<void> {
  const headers = { 'Content-Type': 'application/x-protobuf' };
  const body = Buffer.from(logsRequest(0, recordsSent));
  const answer = await fetch(`${url}/v1/logs`, { method: 'POST', headers, body });
  await answer.arrayBuffer();
  expect(answer.status).toBe(200);
}

const recordsStored =
  "SELECT count() AS count FROM otel.otel_logs_local WHERE match(Body, '^[0-9]+$')";
const spansStored = 'SELECT count() AS count FROM otel.otel_traces_local';

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
