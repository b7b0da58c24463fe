/** Rules about snapshots themselves: one whose newest run failed, and one that does not come. */
import { snapshotRuns } from '../../clickhouse/schema/snapshots.ts';
import { columnsOf } from '../vocabulary/sql.ts';
import { type AlertRule, defineRule } from './rule.ts';
import { ruleSql, tableName } from './rule-sql.ts';

const r = columnsOf(snapshotRuns);
const runs = tableName(snapshotRuns);

export const snapshotRuleCommon = {
  group: 'snapshots',
  labels: ['snapshot'],
  scope: ['snapshot'],
  source: 'snapshots',
  dashboard: 'snapshots',
  panel: 'Snapshots',
  // Sixty days: six runs of one that comes once a week.
  window: '1440h',
} as const;

/** So many pauses tell the usual one; more would take longer to see a new schedule. */
const pausesMin = 5;
/** Runs by hand have no rhythm: three quarters of the pauses have to be about the usual one. */
const unevenMax = 1.5;
const pauseSecondsMin = 60;

export function snapshotRules(): readonly AlertRule[] {
  return [failed(), old()];
}

function failed(): AlertRule {
  return defineRule({
    ...snapshotRuleCommon,
    id: 'snapshot-failed',
    title: 'A snapshot failed',
    summary: 'the snapshot {snapshot} failed {value} since its last good run',
    description:
      'The newest run ended with an error. Its tables are those of the last good run, whole and' +
      ' verified; what failed is in snapshot_runs, and in what obsctl snapshot list prints.',
    rows: ruleSql`
      SELECT ${r.Snapshot} AS snapshot, length(arrayFilter(
        run -> run.1 > maxIf(${r.Started}, ${r.Result} = 'ok') AND run.2 = 'failed',
        groupUniqArray((${r.Started}, ${r.Result})))) AS value
      FROM ${runs} WHERE $__timeFilter(${r.Time})
      GROUP BY snapshot`,
    threshold: { above: 0 },
    unit: 'times',
    for: '0s',
    keep_firing_for: '0s',
    severity: 'warning',
    runbook: 'snapshot-failed',
  });
}

/** In usual pauses between the beginnings of runs, so that it fits every schedule. */
function old(): AlertRule {
  return defineRule({
    ...snapshotRuleCommon,
    id: 'snapshot-old',
    title: 'A snapshot does not come any more',
    summary: 'the last good run of the snapshot {snapshot} began {value} its usual pause ago',
    description:
      'Nothing runs it, or every run fails. Its tables stay, and show an ever older state;' +
      ' product alerts over them see nothing new. One whose runs have no rhythm is not judged.',
    rows: ruleSql`
      SELECT snapshot, dateDiff('second', greatest(done, toDateTime64($__fromTime, 3)),
        toDateTime64($__toTime, 3)) / greatest(usual, ${pauseSecondsMin}) AS value
      FROM (
        SELECT ${r.Snapshot} AS snapshot, maxIf(${r.Started}, ${r.Result} = 'ok') AS done,
          arraySlice(arrayDifference(arraySort(arrayDistinct(groupArray(
            toUnixTimestamp(${r.Started}))))), 2) AS all,
          arraySlice(all, -${pausesMin}) AS pauses,
          arrayReduce('quantileExact(0.5)', pauses) AS usual,
          arrayReduce('quantileExact(0.75)', pauses) AS long
        FROM ${runs} WHERE $__timeFilter(${r.Time})
        GROUP BY snapshot
      )
      WHERE length(pauses) >= ${pausesMin} AND long <= ${unevenMax} * usual`,
    threshold: { above: 3 },
    unit: 'times',
    for: '0s',
    keep_firing_for: '0s',
    severity: 'warning',
    runbook: 'snapshot-old',
  });
}
