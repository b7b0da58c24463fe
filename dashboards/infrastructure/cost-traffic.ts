/** What traffic between zones and to the internet costs, counted of flows when it is looked at. */
import { amountOf, withTraffic } from '../../clickhouse/schema/traffic.ts';
import { type PanelDraft, table, timeseries } from '../vocabulary/panel.ts';
import { sql } from '../vocabulary/sql.ts';

const rowsMax = 200;
const charges = withTraffic({
  ...{ from: '$__fromTime', to: '$__toTime' },
  filter: `$__conditionalAll(cluster IN (\${cluster:singlequote}), $cluster)`,
});
const noCharge = 'no traffic left a zone or went to the internet in this time range';
const amount = (condition: string): string => `toFloat64(${amountOf(condition)})`;
const gigabytes = (kind: string): string => `toFloat64(sumIf(bytes, kind = '${kind}')) / 1e9`;

export function trafficOverTime(): PanelDraft {
  return timeseries({
    title: 'Traffic by hour',
    description:
      'What was sent to other zones and to the internet, at the prices that hold now, whatever' +
      ' currency is chosen above. Traffic between zones falls when callers prefer the replica of' +
      ' their own zone.',
    source: 'flows',
    query: sql(`
      WITH ${charges}
      SELECT hour AS time,
        concat(if(kind = 'internet', 'to the internet, ', 'between zones, '), currency) AS name,
        ${amount('1')} AS value
      FROM charges GROUP BY time, name ORDER BY time, name`),
    width: 24,
    height: 8,
    unit: 'none',
    decimals: 3,
    draw: 'area',
    stack: true,
    interval: '1h',
    noValue: noCharge,
    seriesName: `\${__field.labels.name}`,
  });
}

export function trafficByWorkload(): PanelDraft {
  const money = { unit: 'none', decimals: 2, widthPx: 100 } as const;
  const size = { unit: 'none', decimals: 3, widthPx: 110 } as const;
  return table({
    title: 'Traffic by workload',
    description:
      'Who pays for traffic: who sends, and between zones who receives as well where the provider' +
      ' charges both directions. “default” are list prices of the package: `traffic` of a price' +
      ' file brings yours.',
    source: 'flows',
    query: sql(`
      WITH ${charges}
      SELECT namespace AS "Namespace", workload AS "Workload", any(team) AS "Team",
        ${gigabytes('zones')} AS "GB to zones", ${amount("kind != 'internet'")} AS "Between zones",
        ${gigabytes('internet')} AS "GB to internet",
        ${amount("kind = 'internet'")} AS "To internet", currency AS "In",
        arrayStringConcat(arraySort(groupUniqArray(source)), ', ') AS "Price"
      FROM charges GROUP BY cluster, "Namespace", "Workload", "In"
      ORDER BY ${amount('1')} DESC, "Namespace", "Workload" LIMIT ${rowsMax}`),
    width: 24,
    height: 8,
    noValue: noCharge,
    fields: {
      ...{ 'GB to zones': size, 'Between zones': money, 'GB to internet': size },
      ...{ 'To internet': money, In: { widthPx: 60 } },
    },
  });
}
