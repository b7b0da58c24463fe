/** Chunks cover every row once, whatever the key's type and collation. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type MariaDb, startMariaDb } from '../../../test/support/mariadb.ts';
import { planAll } from '../../../test/support/mysql-reading.ts';
import { describeWithPeer } from '../../../test/support/peer.ts';
import type { SourceTable } from '../source.ts';
import { openMysql } from './source.ts';

const letters = [...'aAbBzZéÉßsS0159 _-ü😀'];
const textKey = fc.string({ unit: fc.constantFrom(...letters), maxLength: 6 });
const utf8 = (text: string): string => `_utf8mb4 0x${Buffer.from(`${text}`).toString('hex')}`;
const quoted = (text: string): string => (text === '' ? "''" : utf8(text));

const keys: readonly (readonly [string, fc.Arbitrary<string>])[] = [
  ['BIGINT', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)],
  ['BIGINT UNSIGNED', fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)],
  ['TINYINT', fc.integer({ min: -128, max: 127 }).map(String)],
  ['VARCHAR(10) COLLATE utf8mb4_general_ci', textKey.map(quoted)],
  ['VARCHAR(10) COLLATE utf8mb4_unicode_ci', textKey.map(quoted)],
  ['VARCHAR(10) COLLATE utf8mb4_bin', textKey.map(quoted)],
  ['VARCHAR(10) CHARACTER SET latin1', textKey.map(quoted)],
  ['CHAR(36)', fc.uuid().map((text) => `'${text}'`)],
  ['UUID', fc.uuid().map((text) => `'${text}'`)],
  ['BINARY(16)', fc.uuid().map((text) => `X'${text.replaceAll('-', '')}'`)],
  [
    'VARBINARY(8)',
    fc.uint8Array({ maxLength: 8 }).map((all) => `X'${Buffer.from(all).toString('hex')}'`),
  ],
  ['DATE', fc.integer({ min: 0, max: 3000 }).map((days) => `'2020-01-01' + INTERVAL ${days} DAY`)],
  [
    'DATETIME(6)',
    fc.integer({ min: 0, max: 1e9 }).map((ms) => `'2020-01-01' + INTERVAL ${ms} MICROSECOND`),
  ],
  ['DECIMAL(12,3)', fc.integer().map((value) => `${value}.125`)],
  ['INET6', fc.ipV6().map((text) => `'${text}'`)],
];

describeWithPeer('mariadb-10.11', 'chunks of MySQL tables', (program) => {
  let db: MariaDb;

  beforeAll(async () => {
    db = await startMariaDb(program);
    db.run('CREATE DATABASE chunks CHARACTER SET utf8mb4');
  }, 60_000);

  afterAll(async () => await db?.stop());

  it.each(keys)('cover every row of a key %s once', async (type, value) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const values = fc.sample(value, { numRuns: 400, seed });
    db.run(
      `CREATE OR REPLACE TABLE t (id ${type} PRIMARY KEY, n INT);
       INSERT IGNORE INTO t VALUES ${values.map((one, at) => `(${one}, ${at})`).join(', ')};
       ANALYZE TABLE t`,
      'chunks',
    );
    const { conditions, ids } = await plan(20);
    const total = Number(db.run('SELECT COUNT(*) FROM t', 'chunks'));
    const counts = conditions.map((one) => countOf(one));
    const hits = conditions.map((one) => `(${one})`).join(' + ');
    const odd = db.run(`SELECT COUNT(*) FROM t WHERE ${hits} <> 1`, 'chunks').trim();
    expect({ seed, odd, sum: sum(counts) }).toEqual({ seed, odd: '0', sum: total });
    expect(new Set(ids).size).toBe(ids.length);
    // Even enough to be worth it: no chunk has half of the table.
    if (total > 200) expect([seed, Math.max(...counts) * 2 < total]).toEqual([seed, true]);
  });

  it('have NULL in a chunk of its own where the key may be NULL', async () => {
    db.run(
      `CREATE OR REPLACE TABLE t (id INT NULL UNIQUE, n INT);
       INSERT INTO t SELECT seq, seq FROM seq_1_to_500;
       INSERT INTO t SELECT NULL, seq FROM seq_1_to_50; ANALYZE TABLE t`,
      'chunks',
    );
    const { conditions } = await plan(100);
    expect(conditions).toContain('`id` IS NULL');
    expect(sum(conditions.map(countOf))).toBe(550);
  });

  it('split the first column of a key of several', async () => {
    db.run(
      `CREATE OR REPLACE TABLE t (a INT, b INT, PRIMARY KEY (a, b));
       INSERT INTO t SELECT seq DIV 10, seq FROM seq_1_to_1000; ANALYZE TABLE t`,
      'chunks',
    );
    const { conditions } = await plan(100);
    expect(conditions.length).toBeGreaterThan(4);
    expect(sum(conditions.map(countOf))).toBe(1000);
  });

  it('are one without a key, and have the same ids when planned again', async () => {
    db.run(
      'CREATE OR REPLACE TABLE t (a INT); INSERT INTO t SELECT seq FROM seq_1_to_1000',
      'chunks',
    );
    expect((await plan(10)).conditions).toEqual(['']);
    db.run('ALTER TABLE t ADD PRIMARY KEY (a); ANALYZE TABLE t', 'chunks');
    const first = await plan(100);
    expect(first.ids.length).toBeGreaterThan(4);
    expect((await plan(100)).ids).toEqual(first.ids);
  });

  async function plan(rows: number) {
    const source = await openMysql({ dsn: db.dsn('chunks') });
    try {
      const [table] = (await source.tables()) as readonly [SourceTable];
      const snapshot = await source.begin(1);
      const chunks = await snapshot.chunks(planAll(table), rows);
      return { conditions: chunks.map(({ where }) => where), ids: chunks.map(({ id }) => id) };
    } finally {
      // What is left open would hold the table against the next test.
      await source.close();
    }
  }

  function countOf(condition: string): number {
    const where = condition === '' ? '' : ` WHERE ${condition}`;
    return Number(db.run(`SELECT COUNT(*) FROM t${where}`, 'chunks'));
  }
});

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
