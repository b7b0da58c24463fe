/** What `obsctl estimate -f` says to people before the figures of the rate. */
import { aligned } from '../output/aligned.ts';
import type { ClusterSize, StackVolume } from './stack.ts';

export function stackText(file: string, size: ClusterSize, volume: StackVolume): string {
  const { presets, seriesPerNode, series, perSecond, notCounted } = volume;
  const whole = (value: number): string => Math.round(value).toLocaleString('en');
  const head = ['series', 'a node', 'in all', 'every', 'points a second'];
  const rows = presets.map((one) => [
    ...[one.preset, whole(one.perNode), whole(one.total), `${one.intervalSeconds} s`],
    whole(one.pointsPerSecond),
  ]);
  const sum = ['together', whole(seriesPerNode), whole(series), '', whole(perSecond.points)];
  const missing =
    notCounted.length === 0
      ? ''
      : `Not counted, as they show what they find: ${notCounted.join(', ')}\n`;
  return [
    `${file} on ${whole(size.nodes)} nodes of ${size.coresPerNode} cores and ` +
      `${size.podsPerNode} pods, ${size.containersPerPod} containers a pod\n\n`,
    aligned([head, ...rows, sum]),
    `\nAssumed: ${size.logsPerPod} log records and ${size.spansPerPod} spans a second and pod ` +
      '(--logs-per-pod, --spans-per-pod).\nSeries are those that the pages of the presets say; ' +
      'a machine has one disk, two file systems, one interface.\n',
    `${missing}\n`,
  ].join('');
}
