/** `obsctl cost prices` and `obsctl cost bills`. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { costPrices } from '../../clickhouse/schema/costs.ts';
import { currentOnly, trafficLayer, trafficPrices } from '../../clickhouse/schema/traffic.ts';
import { nameOf } from '../../clickhouse/sql.ts';
import { systemClock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import { importBill } from '../../jobs/prices/bills.ts';
import { defaultCurrency, defaultPrices } from '../../jobs/prices/defaults.ts';
import { parsePriceFile } from '../../jobs/prices/price-file.ts';
import { importPrices } from '../../jobs/prices/price-store.ts';
import type { CliContext } from '../context.ts';
import { aligned } from '../output/aligned.ts';
import { type ServerOptions, withServer } from './server.ts';

export async function importPriceFile(
  path: string,
  options: ServerOptions,
  context: CliContext,
): Promise<void> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new Problem('OBS-6150', cause.message, { where: path, cause });
  });
  const file = parsePriceFile(text, path);
  const done = await withServer(options, context, (server) =>
    importPrices(server, file, systemClock.nowMs()),
  );
  if (options.json === true) context.stdout(`${JSON.stringify(done)}\n`);
  else {
    const state = done.state === 'loaded' ? 'loaded' : 'was loaded before, nothing changed';
    context.stdout(`${done.source}: ${done.rules} prices in ${done.currency}, ${state}\n`);
  }
}

export async function importBillFile(
  path: string,
  options: ServerOptions & { readonly format: string; readonly name?: string },
  context: CliContext,
): Promise<void> {
  if (options.format !== 'focus') {
    throw new Problem('OBS-1003', `--format ${options.format}: expected focus`, {
      next: 'Export the bill as FinOps FOCUS; Amazon, Google, Microsoft and Oracle all do.',
    });
  }
  const name = options.name ?? basename(path).replace(/\.csv(\.gz)?$/, '');
  const { signal } = context;
  const done = await withServer(options, context, (server) =>
    importBill(server, { path, name, nowMs: systemClock.nowMs(), signal }),
  );
  if (options.json === true) {
    context.stdout(`${JSON.stringify(done)}\n`);
    return;
  }
  const where = done.known === undefined ? '' : ` as ${done.known}`;
  const state =
    done.state === 'imported' ? 'imported' : `was imported before${where}, nothing changed`;
  const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);
  context.stdout(
    `${done.source}: ${done.rows} charges in ${done.currencies.join(', ')}, ` +
      `${day(done.from)} to ${day(done.to - 1)}, ${state}\n`,
  );
}

type Listed = Readonly<
  Record<'source' | 'of' | 'vcpuHour' | 'gbHour' | 'nodeHour' | 'currency', string> &
    TrafficListed & { readonly kind: 'machine' | 'traffic' }
>;

/** Of 10⁹ bytes; 0 where the price is of machines. */
type TrafficListed = Record<'zonesGb' | 'zonesReceivedGb' | 'internetGb', string>;

const noTraffic: TrafficListed = { zonesGb: '0', zonesReceivedGb: '0', internetGb: '0' };

export async function listPrices(options: ServerOptions, context: CliContext): Promise<void> {
  const loaded = await withServer(options, context, async (server) => {
    const table = `${nameOf(server.database)}.${nameOf(costPrices.name)}`;
    const words = ['Provider', 'Region', 'InstanceType', 'CapacityType', 'Node'];
    const label = "if(LabelName = '', '', concat(LabelName, '=', LabelValue))";
    return await server.rows<Listed>(
      `SELECT concat(if(Layer = 2, 'node: ', 'file: '), Source) AS source,
        arrayStringConcat(arrayFilter(word -> word != '', [${words.join(', ')}, ${label}]), ' ')
          AS of,
        toString(CpuPrice) AS vcpuHour, toString(MemoryPrice) AS gbHour,
        toString(NodePrice) AS nodeHour, toString(Currency) AS currency,
        toString(ZonePrice) AS zonesGb, toString(ZoneReceivedPrice) AS zonesReceivedGb,
        toString(InternetPrice) AS internetGb, 
        if(Layer = ${trafficLayer}, 'traffic', 'machine') AS kind
      FROM ${table} FINAL WHERE ${currentOnly(table)} ORDER BY Source, Position`,
    );
  });
  const packaged = defaultPrices.map(
    ({ source, provider, isSpot, unit, from }): Listed & { readonly from: string } => ({
      ...{ source, of: `${provider}${isSpot ? ' spot' : ''}`, kind: 'machine' },
      ...{ vcpuHour: unit, gbHour: unit, nodeHour: '0', currency: defaultCurrency, from },
      ...noTraffic,
    }),
  );
  const ofTraffic = trafficPrices.map(
    ({ source, provider, zones, zonesReceived, internet }): Listed => ({
      ...{ source, of: provider, kind: 'traffic' },
      ...{ vcpuHour: '0', gbHour: '0', nodeHour: '0', currency: defaultCurrency },
      ...{ zonesGb: zones, zonesReceivedGb: zonesReceived, internetGb: internet },
    }),
  );
  const all: readonly Listed[] = [...loaded, ...packaged, ...ofTraffic];
  if (options.json === true) {
    for (const row of all) context.stdout(`${JSON.stringify(row)}\n`);
    return;
  }
  const machines = all.filter(({ kind }) => kind === 'machine').map(machineCells);
  const head = ['source', 'of', 'vCPU hour', 'GB hour', 'node hour', 'currency'];
  context.stdout(aligned([head, ...machines]));
  const traffic = all
    .filter(({ kind }) => kind === 'traffic')
    .map((row) => [
      ...[row.source, nameOfRule(row), row.zonesGb, row.zonesReceivedGb, row.internetGb],
      row.currency,
    ]);
  const trafficHead = ['traffic', 'of', 'GB to zones', 'from zones', 'to internet', 'currency'];
  context.stdout(`\n${aligned([trafficHead, ...traffic])}`);
}

const nameOfRule = ({ of }: Listed): string => (of === '' ? 'any' : of);

function machineCells(row: Listed): readonly string[] {
  const isWhole = !/^0(\.0+)?$/.test(row.nodeHour);
  return [
    ...[row.source, nameOfRule(row)],
    ...(isWhole ? ['–', '–', row.nodeHour] : [row.vcpuHour, row.gbHour, '–']),
    row.currency,
  ];
}
