/**
 * `npm run bench -- hour-rollup`: what each rollup of stored rows costs the engine, on the fixed
 * data set (a quarter of an hour): CPU of counting it once, of looking again when nothing came, and
 * bytes it takes for each million raw rows. `HOUR_ROWS` is rows a raw table. The insert path pays
 * nothing: the gateway sends no row more.
 */
import { startEngine } from '../test/support/engine.ts';
import { printLine, rounded } from '../test/support/figures.ts';
import { cpuSeconds } from '../test/support/gateway-load.ts';
import { attributeRollup } from './attributes.ts';
import { type ClickHouse, connectClickHouse } from './client.ts';
import { type HourRollup, rebuildHour, staleHours } from './hour-rollup.ts';
import { logPatternRollup } from './log-patterns.ts';
import { migrate } from './migrate.ts';
import { pointHours } from './point-hours.ts';
import { pointMinutes } from './points.ts';
import { logPatterns } from './schema/log-patterns.ts';
import { seriesRollup } from './series.ts';
import { fill } from './storage.ts';
import { storageCases } from './storage-data.ts';

const rowsDefault = 500_000;
const database = 'hour_rollup_bench';
/** Keeps the rows whatever the day of the run is; a DateTime ends in 2106. */
const keepDays = 20_000;

const rollups = [logPatternRollup, attributeRollup, seriesRollup, pointMinutes, pointHours];

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  const rows = Number(process.env['HOUR_ROWS'] ?? rowsDefault);
  const engine = await startEngine();
  const sql = connectClickHouse({ url: engine.url });
  try {
    const days = { traces: keepDays, logs: keepDays, metrics: keepDays };
    const retentionDays = { ...days, rollups: keepDays, hours: keepDays };
    await migrate(sql, { database, retentionDays });
    const raw = new Set(rollups.flatMap((rollup) => rollup.raw.map(({ table }) => table)));
    for (const one of storageCases.filter(({ table }) => raw.has(table))) {
      await fill(sql, database, { ...one, rows });
    }
    for (const rollup of rollups) await measure(sql, { rollup, rows, pid: engine.pid, json });
  } finally {
    await sql.close();
    await engine.stop();
  }
}

type Case = {
  readonly rollup: HourRollup;
  readonly rows: number;
  readonly pid: number;
  readonly json: boolean;
};

async function measure(sql: ClickHouse, { rollup, rows, pid, json }: Case): Promise<void> {
  const millions = (rows * rollup.raw.length) / 1e6;
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const before = cpuSeconds(pid);
    await work();
    return rounded((cpuSeconds(pid) - before) / millions);
  };
  const starts = await staleHours(sql, rollup, { database });
  const once = await timed(async () => {
    for (const start of starts) await rebuildHour(sql, rollup, start, { database });
  });
  const again = await timed(() => staleHours(sql, rollup, { database }));
  const own = [rollup.table, ...(rollup === logPatternRollup ? [logPatterns] : [])];
  const names = own.map(({ name }) => `'${name}'`).join(', ');
  for (const { name } of own) await sql.run(`OPTIMIZE TABLE ${database}.${name} FINAL`);
  const [disk] = await sql.rows<{ rows: string; bytes: string }>(
    `SELECT toString(sum(rows)) AS rows, toString(sum(bytes_on_disk)) AS bytes
      FROM system.parts WHERE active AND database = '${database}' AND table IN (${names})`,
  );
  const bench = `hour-rollup/${rollup.table.name}`;
  const unit = 'CPU-s per million raw rows';
  printLine(json, { bench: `${bench}/once`, value: once, unit });
  printLine(json, { bench: `${bench}/nothing-new`, value: again, unit });
  const bytes = rounded(Number(disk?.bytes) / millions / 1000);
  const extra = { rows: Number(disk?.rows), rawRows: rows * rollup.raw.length };
  printLine(json, { bench: `${bench}/bytes`, value: bytes, unit: 'kB per million', ...extra });
}
