/** Two real engines as replicas of one shard, over a real ZooKeeper. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithPeers } from '../support/peer.ts';
import { type Replica, startReplica } from './replica.ts';
import { type SessionProxy, startSessionProxy } from './session-proxy.ts';
import { startZooKeeper, type ZooKeeper } from './zookeeper.ts';

// `interserver.ts` knows the engine's code for this kind of machine.
const isKnown = process.platform === 'linux' && process.arch === 'x64';
const refusal = isKnown ? undefined : 'the engine can be a replica on Linux x64';

function replicasOf([jarsDir = '']: readonly string[]): void {
  let dir: string;
  let keeper: ZooKeeper;
  let proxies: readonly SessionProxy[];
  let replicas: readonly Replica[];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'obsctl-cluster-'));
    keeper = await startZooKeeper(jarsDir);
    proxies = await Promise.all(
      ['a', 'b'].map((letter) =>
        startSessionProxy(keeper.port, `${letter.repeat(8)}-0000-4000-8000-000000000000`),
      ),
    );
    replicas = await Promise.all(
      proxies.map((proxy, index) =>
        startReplica({
          dir: join(dir, String(index)),
          shard: '01',
          replica: `replica-${index}`,
          keeperPort: proxy.port,
        }),
      ),
    );
  }, 120_000);

  afterAll(async () => {
    for (const replica of replicas ?? []) await replica.kill();
    for (const proxy of proxies ?? []) await proxy.stop();
    await keeper?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('stores an insert once whose token is sent again to the other replica', async () => {
    const [first, second] = replicas as [Replica, Replica];
    for (const replica of replicas) {
      await replica.run('CREATE DATABASE otel ENGINE = Atomic');
      await replica.run(
        `CREATE TABLE otel.one UUID '6f2b8bb0-0b5c-4e2d-9c51-0c1e1a8f3d10' (A UInt64)
          ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
          ORDER BY A`,
      );
      await replica.run('SYSTEM STOP FETCHES otel.one');
    }
    const insert = (token: string, value: number) =>
      `INSERT INTO otel.one SELECT ${value} SETTINGS insert_deduplication_token = '${token}'`;
    await first.run(insert('x', 1));
    await second.run(insert('x', 1));
    await second.run(insert('y', 2));
    await first.run(insert('y', 2));
    const stored = await Promise.all(
      replicas.map((replica) => replica.rows<{ A: string }>('SELECT A FROM otel.one')),
    );
    expect(stored.flat().map(({ A }) => Number(A))).toEqual([1, 2]);
  });
}

describeWithPeers(['zookeeper'], 'two replicas of a shard', replicasOf, refusal);
