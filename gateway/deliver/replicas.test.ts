/** A statement when replicas fail; on real ones: `test/cluster/failover.test.ts`. */
import { describe, expect, it } from '@jest/globals';
import type { InsertClient, StatementResult } from './insert-client.ts';
import { createReplicaClient } from './replicas.ts';

const done: StatementResult = { ok: true, text: '' };
const statement = { sql: 'SELECT 1', settings: {}, timeoutMs: 1 };

function failed(code: number, ambiguous = false): StatementResult {
  const kind = code === 469 ? 'permanent' : 'retryable';
  return { ok: false, kind, ambiguous, code, message: `code ${code}` };
}

/** Replicas that answer so, each always the same. */
function open(answers: readonly StatementResult[], first = 0) {
  const asked: number[] = [];
  const moves: string[] = [];
  const replicas = answers.map(
    (answer, index): InsertClient => ({
      run: async () => {
        asked.push(index);
        return answer;
      },
      ping: async () => answer.ok,
      destroy: () => {},
    }),
  );
  const onMove = (from: number, to: number): void => void moves.push(`${from} to ${to}`);
  return { client: createReplicaClient({ replicas, first, onMove }), asked, moves };
}

describe('a client of replicas', () => {
  it('stays with the one that answers, from the one it was told to begin with', async () => {
    const { client, asked, moves } = open([done, done], 3);
    for (let times = 0; times < 3; times += 1) expect(await client.run(statement)).toEqual(done);
    expect([asked, moves]).toEqual([[1, 1, 1], []]);
  });

  it.each([0, 225, 236, 242, 319, 999])(
    'gives the statement to the next one at code %s, and stays there',
    async (code) => {
      const { client, asked, moves } = open([failed(code, true), done]);
      for (let times = 0; times < 2; times += 1) expect(await client.run(statement)).toEqual(done);
      expect([asked, moves]).toEqual([[0, 1, 1], ['0 to 1']]);
    },
  );

  it.each([469, 60, 252, 241, 285, 286])(
    'tells code %s, which the next one would say too',
    async (code) => {
      const { client, asked } = open([failed(code), done]);
      expect(await client.run(statement)).toMatchObject({ code });
      expect(asked).toEqual([0]);
    },
  );

  it('asks each once, and keeps the doubt that one of them left', async () => {
    const { client, asked } = open([failed(0, true), failed(242), failed(0)]);
    expect(await client.run(statement)).toMatchObject({ ok: false, ambiguous: true });
    expect(asked).toEqual([0, 1, 2]);
    const refused = open([failed(0, true), failed(469)]);
    expect(await refused.client.run(statement)).toMatchObject({ code: 469, ambiguous: true });
    const sure = open([failed(0), failed(0)]);
    expect(await sure.client.run(statement)).toMatchObject({ ok: false, ambiguous: false });
  });

  it('is reachable as long as one of them is', async () => {
    const { client, moves } = open([failed(0), done]);
    expect(await client.ping(1)).toBe(true);
    expect(moves).toEqual(['0 to 1']);
    expect(await open([failed(0), failed(0)]).client.ping(1)).toBe(false);
  });
});
