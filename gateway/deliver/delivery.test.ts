/** Delivery with the real client and destination, against a peer that answers as a test says. */
import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { checksumOf } from '../../clickhouse/native/checksum.ts';
import { logs } from '../../clickhouse/schema/logs.ts';
import { receipts } from '../../clickhouse/schema/ours.ts';
import { systemClock } from '../../core/clock.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';
import { describeUnit, newSealId, type Seal } from '../lane/seal.ts';
import type { DeadLetter } from './dead-letter.ts';
import { Delivery } from './delivery.ts';
import { createDestination } from './destination.ts';
import { createInsertClient } from './insert-client.ts';
import { createShards } from './shards.ts';
import type { DeliveryEvents } from './unit-carrier.ts';

type Told = { readonly status?: number; readonly code?: number; readonly text?: string };
type Statement = { readonly sql: string; readonly token: string; readonly body: string };
type Peer = (statement: Statement) => Told;

let cleanUp: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const undo of cleanUp.reverse()) await undo();
  cleanUp = [];
});

/** What a ClickHouse with our tables answers: nothing is there yet, inserts are taken. */
function clickhouse({ sql }: Statement): Told {
  if (sql.startsWith('SELECT version()')) return { text: '26.7.2.1\n' };
  if (sql.startsWith('DESCRIBE')) {
    const table = sql.includes(receipts.name) ? receipts : logs;
    return { text: table.columns.map(({ name, type }) => `${name}\t${type}\n`).join('') };
  }
  if (sql.startsWith('SELECT count()')) return { text: '0\n' };
  return { text: sql === 'SELECT 1' ? '1\n' : '' };
}

function isLogInsert({ sql }: Statement): boolean {
  return sql.startsWith('INSERT') && sql.includes('`otel_logs`');
}

async function listen(peer: Peer, seen: Statement[]): Promise<string> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const { searchParams } = new URL(request.url ?? '/', 'http://peer');
    const body = Buffer.concat(parts).toString();
    const statement = {
      sql: searchParams.get('query') ?? body,
      token: searchParams.get('insert_deduplication_token') ?? '',
      body,
    };
    seen.push(statement);
    const { code, status = code === undefined ? 200 : 500, text = '' } = peer(statement);
    const headers = code === undefined ? {} : { 'X-ClickHouse-Exception-Code': String(code) };
    response.writeHead(status, headers).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

type Options = {
  readonly deadLetter?: Partial<DeadLetter>;
  readonly order?: 'oldest' | 'newest';
  readonly replayed?: readonly EncodedUnit[];
  readonly onDelivered?: (seal: Seal) => Promise<void>;
};

const deadLetter: DeadLetter = {
  put: async () => true,
  held: async () => ({ ranges: [], replayed: 0, begun: [] }),
  oweView: async () => {},
  owesView: async () => false,
  paidView: async () => {},
};

async function deliver(peer: Peer, options: Options = {}) {
  const seen: Statement[] = [];
  const happened: string[] = [];
  const client = createInsertClient({
    url: await listen(peer, seen),
    database: 'otel',
    connectionsMax: 10,
  });
  const wakers: { readonly text: string; readonly wake: () => void }[] = [];
  const note = (text: string): void => {
    happened.push(text);
    for (const waker of wakers) if (text.includes(waker.text)) waker.wake();
  };
  const events: DeliveryEvents = {
    insert: (unit, outcome) => note(`${unit.table} ${outcome}`),
    deadLetter: (unit, reason) => note(`dead letter ${unit.table} ${reason}`),
    parked: (table, isParked, text) => note(`${isParked ? 'parked' : 'well'} ${table} ${text}`),
    differs: (_seal, table, reason) => note(`differs ${table} ${reason}`),
    up: (isUp, message) => note(`${isUp ? 'up' : 'down'} ${message}`),
  };
  const delivery = new Delivery({
    shards: createShards([
      createDestination({
        client,
        database: 'otel',
        insertTimeoutMs: 5_000,
        clock: systemClock,
      }),
    ]),
    deadLetter: { ...deadLetter, ...options.deadLetter },
    order: options.order ?? 'oldest',
    replay: async () => ({ units: options.replayed ?? [unit], release: () => {} }),
    onDelivered: async (seal) => {
      note(`delivered ${seal.id}`);
      await options.onDelivered?.(seal);
    },
    clock: systemClock,
    random: () => 0,
    events,
    gateway: 'test',
    lane: 'test',
  });
  cleanUp.push(async () => {
    delivery.stop();
    client.destroy();
  });
  return {
    delivery,
    seen,
    happened,
    until: (text: string): Promise<void> =>
      new Promise((resolve) => {
        wakers.push({ text, wake: resolve });
        if (happened.some((line) => line.includes(text))) resolve();
      }),
  };
}

const unit: EncodedUnit = {
  table: 'otel_logs',
  partition: '2026-01-21',
  rows: 2,
  bytes: 3,
  checksum: checksumOf([Buffer.from('abc')]),
  chunks: [Buffer.from('abc')],
  firstEventNs: 1n,
  lastEventNs: 2n,
};

function sealOf(...units: readonly EncodedUnit[]): Seal {
  return {
    id: newSealId(),
    first: 0,
    last: 8,
    firstReceivedMs: systemClock.nowMs(),
    units: units.map(describeUnit),
  };
}

const held = { units: [unit], release: (): void => {} };

describe('delivery', () => {
  it.each(['', '<html>Welcome</html>', 'Ok.\n'])(
    'is not acknowledged by a peer that answers everything with 200 and %j',
    async (text) => {
      const { delivery, happened, until } = await deliver(() => ({ text }));
      delivery.enqueue({ seal: sealOf(unit), inDoubt: false, held });
      await Promise.race([until('down'), until('delivered')]);
      expect(happened.join()).not.toMatch(/delivered|acknowledged/);
    },
  );

  it('is not acknowledged by a page that a proxy puts up between two inserts', async () => {
    const { delivery, happened, until } = await deliver((statement) =>
      isLogInsert(statement) ? { text: '<html>Back soon</html>' } : clickhouse(statement),
    );
    delivery.enqueue({ seal: sealOf(unit), inDoubt: false, held });
    await Promise.race([until('down'), until('delivered')]);
    expect(happened.join()).not.toMatch(/delivered|otel_logs acknowledged/);
  });

  it('inserts nothing in doubt while the count of its rows is no number', async () => {
    const { delivery, seen, until } = await deliver((statement) =>
      statement.sql.startsWith('SELECT count()') ? { text: '' } : clickhouse(statement),
    );
    delivery.enqueue({ seal: sealOf(unit), inDoubt: true, held });
    await Promise.race([until('down'), until('delivered')]);
    expect(seen.filter(isLogInsert)).toEqual([]);
  });

  it('believes that rows are bad only when they are refused twice', async () => {
    let inserts = 0;
    const { delivery, seen, happened } = await deliver((statement) => {
      if (isLogInsert(statement)) inserts += 1;
      // A connection cut on the way looks like a block that is too short.
      return isLogInsert(statement) && inserts === 1 ? { code: 33 } : clickhouse(statement);
    });
    delivery.enqueue({ seal: sealOf(unit), inDoubt: false, held });
    await delivery.whenIdle();
    expect(happened.join()).not.toContain('dead letter');
    const sent = seen.filter(isLogInsert);
    expect(sent.length).toBe(2);
    expect(sent[0]).toEqual(sent[1]);
  });

  it('waits and tries again when the dead letter cannot be written', async () => {
    let puts = 0;
    const put = async (): Promise<boolean> => {
      puts += 1;
      if (puts === 1) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      return true;
    };
    const { delivery, happened } = await deliver(
      (statement) => (isLogInsert(statement) ? { code: 117 } : clickhouse(statement)),
      { deadLetter: { put } },
    );
    delivery.enqueue({ seal: sealOf(unit), inDoubt: false, held });
    await delivery.whenIdle();
    expect(puts).toBe(2);
    expect(happened.some((line) => /^parked .*no space left/.test(line))).toBe(true);
  });

  it('acknowledges a seal without waiting for the checkpoint of the one before', async () => {
    let first = true;
    const onDelivered = (): Promise<void> => {
      if (!first) return Promise.resolve();
      first = false;
      return new Promise(() => {});
    };
    const { delivery, until } = await deliver(clickhouse, { onDelivered });
    const seals = [sealOf(unit), sealOf(unit), sealOf(unit)];
    for (const seal of seals) delivery.enqueue({ seal, inDoubt: false, held });
    for (const seal of seals) await until(`delivered ${seal.id}`);
  });

  it.each([
    ['ReplicatedMergeTree', 1],
    ['MergeTree', 2],
  ])('looks for rows in doubt in a %s and sends them %s times', async (engine, times) => {
    // The replica that is asked does not have the rows yet; a plain table has lost them.
    const { delivery, seen } = await deliver((statement) => {
      if (statement.sql.startsWith('SELECT engine')) return { text: `${engine}\n` };
      const inserts = seen.filter(isLogInsert).length;
      const isCount = statement.sql.startsWith('SELECT count()');
      return isCount && inserts > 1 ? { text: '2\n' } : clickhouse(statement);
    });
    delivery.enqueue({ seal: sealOf(unit), inDoubt: true, held });
    await delivery.whenIdle();
    expect(seen.filter(isLogInsert).length).toBe(times);
  });

  it('sends a unit again, under its token, of which only a part is there', async () => {
    const { delivery, seen } = await deliver((statement) => {
      const isCount = statement.sql.startsWith('SELECT count()');
      return isCount ? { text: '1\n' } : clickhouse(statement);
    });
    const seal = sealOf(unit);
    delivery.enqueue({ seal, inDoubt: true, held });
    await delivery.whenIdle();
    const tokens = seen.filter(isLogInsert).map(({ token }) => token);
    expect(tokens).toEqual([`${seal.id}-otel_logs-${unit.partition}`]);
  });

  it('finds its receipts of before midnight and writes them no second time', async () => {
    const today = new Date(systemClock.nowMs()).toISOString().slice(0, 10);
    const { delivery, seen } = await deliver((statement) => {
      const isCount = statement.sql.startsWith('SELECT count()');
      return isCount && !statement.sql.includes(today) ? { text: '2\n' } : clickhouse(statement);
    });
    delivery.enqueue({ seal: sealOf(unit), inDoubt: true, held });
    await delivery.whenIdle();
    expect(seen.filter(({ sql }) => sql.startsWith('INSERT'))).toEqual([]);
  });

  it('writes no receipt for a unit that the log does not give back', async () => {
    const gone = { ...unit, partition: '2026-01-20' };
    const { delivery, seen, happened } = await deliver(clickhouse, { replayed: [unit] });
    delivery.enqueue({ seal: sealOf(gone, unit), inDoubt: false, held: undefined });
    await delivery.whenIdle();
    expect(happened).toContain('differs otel_logs missing');
    const receipt = seen.find(({ sql }) => sql.startsWith('INSERT') && sql.includes('receipts'));
    expect(receipt?.body).toContain('2026-01-21');
    expect(receipt?.body).not.toContain('2026-01-20');
  });

  it('lets nothing stand in line behind a table that takes no rows', async () => {
    let isMissing = true;
    const spans = { ...unit, table: 'otel_traces' };
    const { delivery, happened, until } = await deliver((statement) => {
      const isLog = statement.sql.includes('`otel_logs`');
      return isLog && isMissing ? { code: 60, status: 404 } : clickhouse(statement);
    });
    const sick = sealOf(unit, spans);
    delivery.enqueue({
      seal: sick,
      inDoubt: false,
      held: { units: [unit, spans], release: () => {} },
    });
    for (let more = 0; more < 5; more += 1) {
      const seal = sealOf(spans);
      delivery.enqueue({ seal, inDoubt: false, held: { units: [spans], release: () => {} } });
    }
    await until('parked otel_logs');
    while (happened.filter((line) => line === 'otel_traces acknowledged').length < 6) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(delivery.parkedCount()).toBe(1);
    expect(delivery.isUp()).toBe(true);
    isMissing = false;
    await delivery.whenIdle();
    expect(happened.filter((line) => line === 'otel_logs acknowledged').length).toBe(1);
    // Acknowledged in the order of the log, so the first one held all the others back.
    expect(happened.indexOf(`delivered ${sick.id}`)).toBeLessThan(
      happened.findLastIndex((line) => line.startsWith('delivered')),
    );
  });

  it.each(['oldest', 'newest'] as const)('brings the %s first, doubt before all', async (order) => {
    let isAway = true;
    const seals = Array.from({ length: 5 }, () => sealOf(unit));
    const doubted = seals[4];
    const { delivery, seen, until } = await deliver(
      (statement) => {
        if (isAway) return { status: 503 };
        const isSent = seen.some(({ token }) => token.startsWith(String(doubted?.id)));
        const isCount = statement.sql.startsWith('SELECT count()');
        return isCount && isSent ? { text: '2\n' } : clickhouse(statement);
      },
      { order },
    );
    for (const seal of seals) delivery.enqueue({ seal, inDoubt: seal === doubted, held });
    await until('down');
    isAway = false;
    await delivery.whenIdle();
    const ids = seen.filter(isLogInsert).map(({ token }) => token.slice(0, 32));
    const inOrder = [...new Set(ids)].map((id) => seals.findIndex((seal) => seal.id === id));
    // Two were under way when it went away; the rest is what an order is for.
    const rest = inOrder.filter((place) => place > 1 && place < 4);
    expect(rest).toEqual(order === 'oldest' ? [2, 3] : [3, 2]);
    expect(inOrder.indexOf(4)).toBeLessThan(inOrder.indexOf(rest[0] ?? 0));
  });
});
