/** The dashboard of agents against plain arithmetic over the seeded ones. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Asker } from '../../test/support/ask-dashboards.ts';
import type { TestEngine } from '../../test/support/engine.ts';
import { startSeededShop } from '../../test/support/seeded-shop.ts';

let engine: TestEngine;
let panelRows: Asker['panelRows'];

beforeAll(async () => {
  ({ engine, panelRows } = await startSeededShop(7));
}, 120_000);

afterAll(() => engine?.stop());

describe('agents', () => {
  const one = async (title: string): Promise<unknown> => {
    const [row] = await panelRows('Agents', title);
    return row?.[title];
  };

  it('are counted by what they say, and by how long they have said nothing', async () => {
    expect(await one('Reporting')).toBe(3);
    expect(await one('Unhealthy')).toBe(1);
    expect(await one('Silent')).toBe(1);
    expect(await one('Mixed configurations')).toBe(1);
  });

  it('are listed with trouble first, and parts with their words', async () => {
    const rows = await panelRows('Agents', 'Agents');
    expect(rows.map((row) => `${row['Node']} ${row['Health']}`)).toEqual([
      ...['node-2 unhealthy', 'node-4 silent', 'node-1 healthy', 'node-3 healthy'],
    ]);
    expect(await panelRows('Agents', 'Configurations')).toMatchObject([
      { Config: 'aaaa000011112222', Agents: 2 },
      { Config: 'bbbb000011112222', Agents: 1 },
    ]);
    expect(await panelRows('Agents', 'Parts that are not well')).toEqual([
      {
        Workload: 'node-agent',
        Part: 'pipeline:traces',
        Agents: 1,
        Says: 'StatusRecoverableError: queue is full',
      },
    ]);
  });
});
