/** Inserts that wait for several replicas; on real ones: `test/cluster/quorum.test.ts`. */
import { describe, expect, it } from '@jest/globals';
import { logs } from '../../clickhouse/schema/logs.ts';
import { traceRanges } from '../../clickhouse/schema/traces.ts';
import { systemClock } from '../../core/clock.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';
import { describeUnit, newSealId, type Seal, unitToken } from '../lane/seal.ts';
import { createDestination, type Destination } from './destination.ts';
import type { InsertClient, StatementResult } from './insert-client.ts';
import { newJob } from './job.ts';
import { type InsertQuorum, parseInsertQuorum } from './quorum.ts';
import { receiptTable } from './receipts.ts';
import { createShards } from './shards.ts';
import { UnitCarrier } from './unit-carrier.ts';

const done: StatementResult = { ok: true, text: '' };
const unknownQuorum: StatementResult = {
  ...{ ok: false, kind: 'retryable', ambiguous: true, code: 319 },
  message: 'Code: 319. DB::Exception: Unknown quorum status.',
};
const refused: StatementResult = { ...unknownQuorum, kind: 'permanent', code: 469 };
/** Eight in the morning. */
const nowMs = 1_800_000_000_000;
const hourMs = 3_600_000;

describe('a number of replicas', () => {
  it.each([
    ['2', 2],
    ['0', 0],
    ['auto', 'auto'],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['most', undefined],
    ['100', undefined],
  ])('is read from %j as %s', (text, quorum) => {
    expect(parseInsertQuorum(text)).toBe(quorum);
  });
});

describe('settings of an insert', () => {
  const sent = async (insertQuorum: InsertQuorum | undefined, engine: string) => {
    const inserts: Readonly<Record<string, string>>[] = [];
    const answer = (sql: string): string => {
      if (sql.startsWith('SELECT version()')) return '26.7.2.1';
      if (sql.startsWith('SELECT engine')) return engine;
      return sql.startsWith('DESCRIBE') ? 'Body\tString\t\n' : '';
    };
    const client: InsertClient = {
      run: async ({ sql, settings }) => {
        if (sql.startsWith('INSERT')) inserts.push(settings);
        return { ok: true, text: answer(sql) };
      },
      ping: async () => true,
      destroy: () => {},
    };
    const given = { client, database: 'otel', insertTimeoutMs: 30_000, clock: systemClock };
    const destination = createDestination({ ...given, insertQuorum });
    const result = await destination.insertUnit(unitOf(logs.name), 'token');
    await destination.insertRows(logs.name, '{}', 'token');
    const words = (all: Readonly<Record<string, string>>): object =>
      Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith('insert_quorum')));
    return { result, words: inserts.map(words) };
  };

  it.each([2, 'auto'] as const)(
    'ask for %s replicas, within the time of the insert',
    async (of) => {
      const asked = {
        insert_quorum: String(of),
        insert_quorum_parallel: '1',
        insert_quorum_timeout: '15000',
      };
      const replicated = await sent(of, 'ReplicatedMergeTree');
      expect(replicated).toEqual({ result: done, words: [asked, asked] });
      expect((await sent(of, 'SharedMergeTree')).words).toEqual([asked, asked]);
    },
  );

  it('are the own ones of the server when nobody asks', async () => {
    expect(await sent(undefined, 'MergeTree')).toEqual({ result: done, words: [{}, {}] });
  });

  it('can ask for none, of whatever table', async () => {
    const [words] = (await sent(0, 'MergeTree')).words;
    expect(words).toMatchObject({ insert_quorum: '0' });
  });

  it('are not sent to a table that would ignore them, and the answer says so', async () => {
    const { result, words } = await sent(2, 'MergeTree');
    expect(words).toEqual([]);
    expect(result).toMatchObject({
      ...{ ok: false, kind: 'retryable', ambiguous: false },
      message:
        'otel.otel_logs is MergeTree: --insert-quorum needs Replicated tables, and this one ' +
        'would ignore it: leave it out, or make the tables with obsctl migrate --cluster NAME',
    });
  });
});

describe('a unit whose quorum failed', () => {
  it('goes out again under its token though its rows are there, until the answer', async () => {
    const world = worldOf({ answers: [unknownQuorum, unknownQuorum, done], rowsThere: 3 });
    for (const outcome of ['later', 'later', 'done']) {
      expect(await world.bring(logs.name)).toBe(outcome);
    }
    expect(world.tokens).toEqual(Array(3).fill(world.tokenOf(logs.name)));
    expect(world.letters).toBe(0);
    expect(world.heard).toContain(unknownQuorum.message);
  });

  it('keeps its token where rows merge, so that no attempt stores more of them', async () => {
    const world = worldOf({ answers: [unknownQuorum, done], rowsThere: 3 });
    expect(await world.bring(traceRanges.name)).toBe('later');
    expect(await world.bring(traceRanges.name)).toBe('done');
    expect(world.tokens).toEqual(Array(2).fill(world.tokenOf(traceRanges.name)));
  });

  it('is taken as stored when its token is too old to be known for sure', async () => {
    const world = worldOf({ answers: [unknownQuorum], rowsThere: 3, ageMs: 25 * hourMs });
    expect(await world.bring(logs.name)).toBe('later');
    expect(await world.bring(logs.name)).toBe('done');
    expect(world.tokens).toHaveLength(1);
  });

  it('is taken as stored when nobody asks for a quorum any more', async () => {
    const world = worldOf({ answers: [unknownQuorum], rowsThere: 3, hasQuorum: false });
    expect(await world.bring(logs.name)).toBe('later');
    expect(await world.bring(logs.name)).toBe('done');
    expect(world.tokens).toHaveLength(1);
  });

  it('waits, and is in no dead letter, when its rows are there and refused meanwhile', async () => {
    const world = worldOf({ answers: [unknownQuorum, refused, refused], rowsThere: 3 });
    expect(await world.bring(logs.name)).toBe('later');
    expect(await world.bring(logs.name)).toEqual({ parked: refused.message });
    expect(world.letters).toBe(0);
  });

  it('has receipts that wait for the quorum as its rows do', async () => {
    const world = worldOf({ answers: [unknownQuorum, unknownQuorum, done], rowsThere: 1 });
    expect(await world.receipts()).toBe(false);
    expect(await world.receipts()).toBe(false);
    expect(await world.receipts()).toBe(true);
    expect(world.tokens).toEqual(Array(3).fill(world.tokenOf(receiptTable, '')));
  });

  it('has receipts that go into their day again, also after another start', async () => {
    const written = new Date(nowMs).toISOString().slice(0, 10);
    const days: string[] = [];
    for (const [startedHours, laterHours] of [
      [0, 17],
      [20, 3],
    ] as const) {
      const startedMs = nowMs + startedHours * hourMs;
      const world = worldOf({
        ...{ answers: [unknownQuorum, done], rowsThere: 1, startedMs },
        ...{ inDoubt: startedHours > 0, receiptsOf: written },
      });
      await world.receipts();
      world.pass(laterHours * hourMs);
      await world.receipts();
      days.push(...world.receiptDays);
    }
    expect(days).toEqual(Array(4).fill(written));
  });

  it('has receipts of one day, also when the replica that is asked has none of them', async () => {
    const world = worldOf({ answers: [unknownQuorum, done], rowsThere: 0 });
    await world.receipts();
    world.pass(17 * hourMs);
    await world.receipts();
    expect(new Set(world.receiptDays).size).toBe(1);
  });
});

function unitOf(table: string): EncodedUnit {
  return {
    ...{ table, partition: '2027-01-15', rows: 3, bytes: 3, checksum: 'x' },
    ...{ chunks: [Buffer.from('abc')], firstEventNs: 0n, lastEventNs: 0n },
  };
}

/** A destination that answers inserts one after the other, and always has the same rows. */
function worldOf({
  answers,
  rowsThere,
  ageMs = 0,
  hasQuorum = true,
  startedMs = nowMs,
  inDoubt = false,
  receiptsOf,
}: {
  readonly answers: readonly StatementResult[];
  readonly rowsThere: number;
  readonly ageMs?: number;
  readonly hasQuorum?: boolean;
  readonly startedMs?: number;
  readonly inDoubt?: boolean;
  /** The day on which its receipts were written; absent: on all. */
  readonly receiptsOf?: string;
}) {
  let timeMs = startedMs;
  const receiptDays: string[] = [];
  const tokens: string[] = [];
  const heard: string[] = [];
  const world = { letters: 0 };
  const insert = async (token: string): Promise<StatementResult> => {
    tokens.push(token);
    return answers[tokens.length - 1] ?? refused;
  };
  const destination: Destination = {
    hasQuorum,
    insertUnit: (_unit, token) => insert(token),
    insertRows: (_table, rows, token) => {
      const { Time } = JSON.parse(rows.split('\n')[0] ?? '');
      receiptDays.push(new Date(Number(Time) * 1000).toISOString().slice(0, 10));
      return insert(token);
    },
    countSeal: async (_table, partition = receiptsOf) => {
      const isThere = receiptsOf === undefined || receiptsOf === partition;
      return { known: true, rows: isThere ? rowsThere : 0 };
    },
    tokenMayLie: async () => false,
    beginDryRun: async () => undefined,
    reachable: async () => true,
    missingColumns: () => new Map(),
  };
  const units = [unitOf(logs.name), unitOf(traceRanges.name)];
  const seal: Seal = {
    ...{ id: newSealId(), first: 0, last: 1, firstReceivedMs: nowMs - ageMs },
    units: units.map(describeUnit),
  };
  const job = newJob({ seal, inDoubt, held: undefined });
  const carrier = new UnitCarrier(
    {
      shards: createShards([destination]),
      deadLetter: {
        put: async () => {
          world.letters += 1;
          return true;
        },
        held: async () => ({ ranges: [], replayed: 0, begun: [] }),
        oweView: async () => {},
        owesView: async () => false,
        paidView: async () => {},
      },
      clock: { ...systemClock, nowMs: () => timeMs, sleep: async () => {} },
      random: () => 0.5,
      events: {
        ...{ insert: () => {}, deadLetter: () => {}, parked: () => {} },
        ...{ differs: () => {}, up: () => {} },
      },
      ...{ gateway: 'test', lane: 'test' },
    },
    (_isUp, message) => void heard.push(message),
    new AbortController().signal,
  );
  return {
    ...{ tokens, heard, receiptDays },
    pass: (ms: number) => {
      timeMs += ms;
    },
    get letters() {
      return world.letters;
    },
    tokenOf: (table: string, partition = '2027-01-15') => unitToken(seal.id, table, partition),
    bring: async (table: string) => {
      const brought = await carrier.bring(job, unitOf(table));
      job.attempts += 1;
      return brought;
    },
    receipts: () => carrier.writeReceipts(job),
  };
}
