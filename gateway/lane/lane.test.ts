import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { runSql } from '../../test/support/engine-http.ts';
import { drainMs, nowhere, useLanes } from '../../test/support/lanes.ts';
import { readLetters } from '../deliver/dead-letter.ts';
import { slotOf } from '../telemetry/counters.ts';
import { platformFs } from '../wal/wal-fs.ts';

const lanes = useLanes('lane');
const { open, drain, count } = lanes;

/** Tokens forgotten: from now on only the count by seal can tell what is there. */
async function forgetTokens(): Promise<void> {
  for (const table of ['otel_traces', 'otel_red_1s', 'obsctl_receipts']) {
    const setting = 'non_replicated_deduplication_window = 0';
    await runSql(lanes.url(), `ALTER TABLE ${lanes.database()}.${table} MODIFY SETTING ${setting}`);
  }
}

describe('a lane', () => {
  it('answers, seals and delivers; receipts, rates and rows agree', async () => {
    const opened = await open();
    const answers = await Promise.all([opened.sendSpans(0, 500), opened.sendLogs(0, 300)]);
    expect(answers.map((answer) => answer.outcome)).toEqual(['stored', 'stored']);
    await drain(opened);
    expect(await count('otel_traces')).toBe(500);
    expect(await count('otel_logs')).toBe(300);
    expect(await count('otel_red_1s', 'sum(Count)')).toBe(500);
    const receipt = `sumIf(Rows, Table = 'otel_traces')`;
    expect(await count('obsctl_receipts', receipt)).toBe(500);
    const state = opened.lane.state();
    expect(state.acknowledged).toBe(state.durable);
  });

  it('takes back the rows of a request whose sync failed, and stores the repeat once', async () => {
    let isFailing = false;
    const opened = await open({
      limits: { sealAgeMsMax: 60_000 },
      fs: {
        ...platformFs,
        dataSync: async (file) => {
          if (isFailing) throw Object.assign(new Error('input/output error'), { code: 'EIO' });
          await platformFs.dataSync(file);
        },
      },
    });
    await opened.sendSpans(0, 100);
    isFailing = true;
    const refused = await opened.sendSpans(100, 100);
    expect(refused).toMatchObject({ outcome: 'busy', reason: 'disk_error' });
    expect(opened.lane.state().openRows).toBe(100);
    isFailing = false;
    let repeat = refused;
    while (repeat.outcome === 'busy') repeat = await opened.sendSpans(100, 100);
    await drain(opened);
    expect(await count('otel_traces')).toBe(200);
    expect(await count('otel_traces', 'uniqExact(SpanId)')).toBe(200);
    expect(await count('otel_red_1s', 'sum(Count)')).toBe(200);
  });

  it('delivers what it answered before a failed sync when nothing comes afterwards', async () => {
    let isFailing = false;
    const opened = await open({
      limits: { sealAgeMsMax: 300 },
      fs: {
        ...platformFs,
        dataSync: async (file) => {
          if (isFailing) throw Object.assign(new Error('input/output error'), { code: 'EIO' });
          await platformFs.dataSync(file);
        },
      },
    });
    await opened.sendSpans(0, 100);
    isFailing = true;
    expect((await opened.sendSpans(100, 100)).outcome).toBe('busy');
    isFailing = false;
    // Closed by age: the log's end lies in the range that was refused.
    await drain(opened);
    expect(await count('otel_traces')).toBe(100);
  });

  it('counts what it has not delivered as late also while a seal waits for the disk', async () => {
    const gate = Promise.withResolvers<void>();
    let isHeld = false;
    const opened = await open({
      fs: {
        ...platformFs,
        dataSync: async (file) => {
          if (isHeld) await gate.promise;
          await platformFs.dataSync(file);
        },
      },
    });
    await opened.sendSpans(0, 100);
    isHeld = true;
    while (opened.lane.state().openRows > 0) await new Promise((resolve) => setImmediate(resolve));
    // The set has left the open ones, and its seal is not with delivery.
    await new Promise((resolve) => setImmediate(resolve));
    expect(opened.lane.state()).toMatchObject({ backlogSeals: 0, openRows: 0 });
    expect(opened.lane.state().oldestReceivedMs).toBeGreaterThan(0);
    gate.resolve();
    await drain(opened);
    expect(opened.lane.state().oldestReceivedMs).toBeUndefined();
  });

  it('keeps what comes while ClickHouse is away and delivers it once when it is back', async () => {
    const away = await open({ clickhouseUrl: nowhere, limits: { sealRowsMax: 500 } });
    // Eight at once: sets are swapped while requests are between their steps.
    for (let request = 0; request < 40; request += 8) {
      const together = Array.from({ length: 8 }, (_, index) =>
        away.sendSpans((request + index) * 100, 100),
      );
      for (const answer of await Promise.all(together)) expect(answer.outcome).toBe('stored');
    }
    expect(away.lane.state().backlogSeals).toBeGreaterThan(1);
    await away.close();
    const back = await open();
    await drain(back);
    expect(await count('otel_traces')).toBe(4_000);
    expect(await count('otel_traces', 'uniqExact(SpanId)')).toBe(4_000);
    expect(await count('otel_red_1s', 'sum(Count)')).toBe(4_000);
    expect(back.talk.filter((line) => line.includes('differs'))).toEqual([]);
  });

  it('inserts nothing twice after a crash behind the insert, even without tokens', async () => {
    const away = await open({ clickhouseUrl: nowhere, limits: { sealRowsMax: 500 } });
    for (let request = 0; request < 12; request += 1) await away.sendSpans(request * 100, 100);
    await away.close();
    await cp(join(lanes.dir(), 'lane'), join(lanes.dir(), 'copy', 'lane'), { recursive: true });
    const first = await open();
    await drain(first);
    await first.close();
    await forgetTokens();
    // The seals are the same, the checkpoint knows nothing of the delivery. The unsealed rest is
    // not repeated: its seal was written after the copy.
    const receipts = await count('obsctl_receipts');
    const sealed = await count('otel_traces', 'count()');
    const again = await open({ dir: join(lanes.dir(), 'copy'), limits: { sealAgeMsMax: 60_000 } });
    const deadline = performance.now() + drainMs;
    while (again.lane.state().backlogSeals > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(again.lane.state().backlogSeals).toBe(0);
    expect(await count('otel_traces')).toBe(sealed);
    expect(await count('obsctl_receipts')).toBe(receipts);
    expect(await count('otel_red_1s', 'sum(Count)')).toBe(sealed);
  });

  it('sets aside rows that ClickHouse refuses for good and delivers the rest', async () => {
    const constraint = `CONSTRAINT c CHECK length(Body) > 100`;
    await runSql(lanes.url(), `ALTER TABLE ${lanes.database()}.otel_logs ADD ${constraint}`);
    const opened = await open();
    await Promise.all([opened.sendSpans(0, 50), opened.sendLogs(0, 20)]);
    await drain(opened);
    expect(await count('otel_traces')).toBe(50);
    expect(await count('otel_logs')).toBe(0);
    expect(await count('obsctl_receipts', "countIf(Table = 'otel_logs')")).toBe(0);
    const letters = await readdir(join(lanes.dir(), 'dead-letter'));
    expect(letters.map((name) => name.split('.').at(-1)).sort()).toEqual(['json', 'native']);
    const note = letters.find((name) => name.endsWith('.json')) ?? '';
    expect(
      JSON.parse(await readFile(join(lanes.dir(), 'dead-letter', note), 'utf8')),
    ).toMatchObject({
      table: 'otel_logs',
      rows: 20,
      reason: expect.stringContaining('VIOLATED_CONSTRAINT'),
    });
  });

  it('waits for a repaired table instead of setting rows aside', async () => {
    await runSql(
      lanes.url(),
      `RENAME TABLE ${lanes.database()}.otel_logs TO ${lanes.database()}.hidden`,
    );
    const opened = await open();
    await opened.sendLogs(0, 20);
    const deadline = performance.now() + drainMs;
    while (opened.lane.state().parkedSeals === 0 && performance.now() < deadline) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const waiting = slotOf('obsctl.gateway.parked.lanes', 'otel_logs');
    expect(opened.counters[waiting]).toBe(1);
    // The other tables are served meanwhile.
    await opened.sendSpans(0, 20);
    while ((await count('otel_traces')) < 20 && performance.now() < deadline);
    await runSql(
      lanes.url(),
      `RENAME TABLE ${lanes.database()}.hidden TO ${lanes.database()}.otel_logs`,
    );
    await drain(opened);
    expect(await count('otel_logs')).toBe(20);
    expect(await count('otel_traces')).toBe(20);
    expect(opened.counters[waiting]).toBe(0);
  });

  it('sets aside the bad rows of a unit only, and receipts are short of them', async () => {
    const constraint = `CONSTRAINT c CHECK toUInt64(Body) % 7 != 3`;
    await runSql(lanes.url(), `ALTER TABLE ${lanes.database()}.otel_logs ADD ${constraint}`);
    const opened = await open();
    await opened.sendLogs(0, 100);
    await drain(opened);
    const isBad = (body: number): boolean => body % 7 === 3;
    const good = Array.from({ length: 100 }, (_, body) => body).filter((body) => !isBad(body));
    const stored = `arrayStringConcat(groupArray(Body), ' ')`;
    const inOrder = `SELECT Body FROM ${lanes.database()}.otel_logs ORDER BY toUInt64(Body)`;
    const sql = `SELECT ${stored} FROM (${inOrder})`;
    expect(await runSql(lanes.url(), sql)).toBe(good.join(' '));
    expect(await count('obsctl_receipts', "sumIf(Rows, Table = 'otel_logs')")).toBe(good.length);
    const [letter] = await readLetters(join(lanes.dir(), 'dead-letter'));
    expect(letter?.note).toMatchObject({ rows: 100 - good.length, unitRows: 100 });
    // Nothing of the search is left behind.
    const tables = `SELECT count() FROM system.tables WHERE name LIKE 'obsctl\\_dry%'`;
    expect(await runSql(lanes.url(), tables)).toBe('0');
  });

  it('parks a seal whose view fails, serves the rest, and heals by the same token', async () => {
    const query = (bad: string): string =>
      `SELECT Body, ${bad} AS bad FROM ${lanes.database()}.otel_logs`;
    const view = `${lanes.database()}.view`;
    const columns = '(Body String, bad UInt8) ENGINE = MergeTree ORDER BY Body';
    const window = 'SETTINGS non_replicated_deduplication_window = 1000';
    await runSql(lanes.url(), `CREATE TABLE ${lanes.database()}.seen ${columns} ${window}`);
    const made = `CREATE MATERIALIZED VIEW ${view} TO ${lanes.database()}.seen AS`;
    await runSql(lanes.url(), `${made} ${query(`throwIf(Body = '7')`)}`);
    const first = await open();
    await first.sendLogs(0, 20);
    const deadline = performance.now() + drainMs;
    while (first.lane.state().parkedSeals === 0 && performance.now() < deadline) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    // The rows are in the table; another process, which only counts them, must not forget the view.
    await first.close();
    const again = await open();
    await again.sendSpans(0, 20);
    while ((await count('otel_traces')) < 20 && performance.now() < deadline);
    expect(await count('seen')).toBe(0);
    await runSql(lanes.url(), `ALTER TABLE ${view} MODIFY QUERY ${query('toUInt8(0)')}`);
    await drain(again);
    expect(await count('otel_logs')).toBe(20);
    expect(await count('seen')).toBe(20);
  });

  it('delivers into tables that lack our columns, leaving these out', async () => {
    const drop = ['Seal', 'Tenant', 'BodyType'].map((name) => `DROP COLUMN ${name}`).join(', ');
    await runSql(lanes.url(), `ALTER TABLE ${lanes.database()}.otel_logs ${drop}`);
    const opened = await open();
    await opened.sendLogs(0, 20);
    await drain(opened);
    expect(await count('otel_logs', 'uniqExact(Body)')).toBe(20);
  });

  it('refuses when the log is full, and takes requests again once ClickHouse is back', async () => {
    const opened = await open({
      clickhouseUrl: nowhere,
      sizeBytesMax: 5 * 1024 ** 2,
      limits: { sealRowsMax: 5_000 },
    });
    let stored = 0;
    let answer = await opened.sendSpans(0, 1_000);
    while (answer.outcome === 'stored' && stored < 1_000_000) {
      stored += 1_000;
      answer = await opened.sendSpans(stored, 1_000);
    }
    expect(answer).toMatchObject({ outcome: 'busy', reason: 'disk_budget' });
    await opened.close();
    const back = await open({ sizeBytesMax: 5 * 1024 ** 2 });
    await drain(back);
    expect(await count('otel_traces', 'uniqExact(SpanId)')).toBe(stored);
    expect(await count('otel_traces')).toBe(stored);
    expect((await back.sendSpans(stored, 1_000)).outcome).toBe('stored');
  });
});
