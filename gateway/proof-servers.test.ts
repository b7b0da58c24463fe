/**
 * Which servers are asked. A stand-in: the embedded engine makes no Distributed tables, because
 * they reach other servers.
 */
import { describe, expect, it } from '@jest/globals';
import type { Sql } from '../clickhouse/client.ts';
import { readersOf } from './proof-servers.ts';

function serverOf(engine: string, address = engine): Sql {
  const rows = async <Row>() => [{ engine }] as Row[];
  return { address, run: async () => {}, rows };
}

const asked = async (...engines: readonly string[]): Promise<readonly string[]> => {
  const servers = engines.map((engine, index) => serverOf(engine, `${index}`));
  const readers = await readersOf(servers, 'otel', undefined);
  return readers.map(({ address }) => address);
};

describe('of several shards', () => {
  it.each([
    [
      ['MergeTree', 'MergeTree'],
      ['0', '1'],
    ],
    [
      ['ReplicatedMergeTree', 'ReplicatedMergeTree'],
      ['0', '1'],
    ],
    [['Distributed', 'Distributed'], ['0']],
    [['SharedMergeTree', 'SharedMergeTree'], ['0']],
    [['Distributed'], ['0']],
  ])('whose tables are %j, %j are asked', async (engines, servers) => {
    expect(await asked(...engines)).toEqual(servers);
  });

  it('some that read all and some that do not are refused', async () => {
    const servers = [serverOf('Distributed'), serverOf('MergeTree')];
    await expect(readersOf(servers, 'otel', undefined)).rejects.toMatchObject({
      ...{ code: 'OBS-3001', where: 'Distributed, MergeTree' },
    });
  });
});
