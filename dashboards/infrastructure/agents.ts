/** Agents: who reports, how well it is, and which version and configuration it runs. */
import { agents } from '../../clickhouse/schema/agents.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import {
  type PanelDraft,
  type PanelSpec,
  stat,
  type Threshold,
  table,
} from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';

const a = columnsOf(agents);
const rowsMax = 500;
/** They report every 30 s, and that is written once a minute. */
const silentSeconds = 120;

export function agentsDashboard(): DashboardJson {
  return board({
    key: 'agents',
    title: 'Agents',
    description:
      'Agents as they report themselves by OpAMP: health, version, configuration, when each was' +
      ' last heard of. `obsctl agents drift` compares them with the stack file.',
    variables: [],
    rows: [
      { title: '', panels: [reporting(), unhealthy(), silent(), configurations()] },
      { title: '', panels: [list()] },
      { title: 'What they run', panels: [versions(), hashes(), parts()] },
    ],
    from: 'now-1h',
    refresh: '30s',
  });
}

/** Agents heard of in this range; a restart is another instance in the same place. */
const newest = `(
  SELECT ${a.Cluster} AS cluster, ${a.Stack} AS stack, ${a.Workload} AS workload,
    ${a.Node} AS node, ${a.Pod} AS pod, max(${a.LastSeen}) AS seen,
    argMax(${a.Health}, ${a.LastSeen}) AS health, argMax(${a.LastError}, ${a.LastSeen}) AS error,
    argMax(${a.ServiceVersion}, ${a.LastSeen}) AS version,
    argMax(${a.ConfigHash}, ${a.LastSeen}) AS hash,
    argMax(${a.Components}, ${a.LastSeen}) AS components,
    argMax(${a.IsDisconnected}, ${a.LastSeen}) AS disconnected,
    argMax(${a.Started}, ${a.LastSeen}) AS started,
    dateDiff('second', seen, toDateTime64($__toTime, 3)) AS age,
    multiIf(disconnected = 1 OR age > ${silentSeconds}, 'silent', health) AS state
  FROM ${agents.name} FINAL
  WHERE $__timeFilter(${a.LastSeen})
  GROUP BY cluster, stack, workload, node, pod
)`;

type Figure = Pick<PanelSpec, 'title' | 'description'> & {
  readonly query: string;
  readonly thresholds?: readonly Threshold[];
};

const figure = (spec: Figure): PanelDraft =>
  stat({
    ...spec,
    source: 'agents',
    width: 6,
    height: 4,
    decimals: 0,
    unit: 'none',
    noValue: 'none',
  });

const fine = (text: string): Threshold => ({ from: 0, colour: 'green', text });

function reporting(): PanelDraft {
  return figure({
    title: 'Reporting',
    description:
      'Agents that report now. Fewer than there are nodes: compare with `obsctl agents list`, and' +
      ' look whether the pods of the others run.',
    query: sql(`SELECT countIf(state != 'silent') AS "Reporting" FROM ${newest}`),
  });
}

function unhealthy(): PanelDraft {
  return figure({
    title: 'Unhealthy',
    description:
      'Agents that say of themselves that they are not well. The table below has their own words;' +
      ' their logs say more.',
    query: sql(`SELECT countIf(state = 'unhealthy') AS "Unhealthy" FROM ${newest}`),
    thresholds: [fine('all are healthy'), { from: 1, colour: 'red', text: 'not well' }],
  });
}

function silent(): PanelDraft {
  return figure({
    title: 'Silent',
    description:
      'Agents heard of in this time range, but not in its last two minutes: stopped, deleted, or' +
      ' cut off from the gateway. After a roll-out pods that are gone count here for a while.',
    query: sql(`SELECT countIf(state = 'silent') AS "Silent" FROM ${newest}`),
    thresholds: [fine('all are heard of'), { from: 1, colour: 'orange', text: 'not heard of' }],
  });
}

function configurations(): PanelDraft {
  return figure({
    title: 'Mixed configurations',
    description:
      'Workloads whose agents were started with different rendered configurations: a roll-out is' +
      ' under way, or has stopped. `obsctl agents rollout -f obs.yaml` says where.',
    query: sql(`
      SELECT countIf(hashes > 1) AS "Mixed configurations" FROM (
        SELECT uniqExactIf(hash, state != 'silent' AND hash != '') AS hashes FROM ${newest}
        GROUP BY cluster, stack, workload
      )`),
    thresholds: [fine('each has one'), { from: 1, colour: 'orange', text: 'rolling out' }],
  });
}

const states = {
  healthy: { colour: 'green' },
  unhealthy: { colour: 'red' },
  silent: { colour: 'orange' },
  unknown: { colour: 'text' },
} as const;

function list(): PanelDraft {
  return table({
    title: 'Agents',
    description:
      'A row an agent, the ones with trouble first. Config is the hash of what it was rendered' +
      ' from: agents of one workload should have the same.',
    source: 'agents',
    query: sql(`
      SELECT workload AS "Workload", node AS "Node", state AS "Health", age AS "Last seen",
        version AS "Version", hash AS "Config", started AS "Started", cluster AS "Cluster",
        pod AS "Pod", error AS "Why"
      FROM ${newest}
      ORDER BY state = 'healthy', "Workload", "Node", "Pod" LIMIT ${rowsMax}`),
    width: 24,
    height: 10,
    noValue: 'no agent reported in this time range',
    fields: {
      Workload: { widthPx: 150 },
      Node: { widthPx: 200 },
      Health: { widthPx: 100, values: states, cell: 'text' },
      'Last seen': { unit: 's', decimals: 0, widthPx: 100 },
      Version: { widthPx: 100 },
      Config: { widthPx: 160 },
      Started: { unit: 'dateTimeAsLocal', widthPx: 170 },
      Cluster: { widthPx: 120 },
      Pod: { widthPx: 240 },
    },
  });
}

const counted = {
  source: 'agents',
  width: 8,
  height: 7,
  noValue: 'no agent reported in this time range',
} as const;
const countFields = { Agents: { unit: 'short', widthPx: 90 } } as const;

function versions(): PanelDraft {
  return table({
    ...counted,
    title: 'Versions',
    description:
      'How many agents run which version, by workload. More than one of a workload: an upgrade is' +
      ' under way, or pods of some nodes were not replaced.',
    query: sql(`
      SELECT workload AS "Workload", version AS "Version", count() AS "Agents"
      FROM ${newest} WHERE state != 'silent'
      GROUP BY ALL ORDER BY "Workload", "Agents" DESC LIMIT ${rowsMax}`),
    fields: countFields,
  });
}

function hashes(): PanelDraft {
  return table({
    ...counted,
    title: 'Configurations',
    description:
      'How many agents were started with which rendered configuration. Without a hash: an agent' +
      ' that obsctl did not render.',
    query: sql(`
      SELECT workload AS "Workload", hash AS "Config", count() AS "Agents",
        max(started) AS "Newest start"
      FROM ${newest} WHERE state != 'silent'
      GROUP BY workload, hash ORDER BY "Workload", "Agents" DESC LIMIT ${rowsMax}`),
    fields: { ...countFields, 'Newest start': { unit: 'dateTimeAsLocal', widthPx: 170 } },
  });
}

function parts(): PanelDraft {
  return table({
    ...counted,
    title: 'Parts that are not well',
    description:
      'Components of agents that report an error, with how many agents say so: one on all nodes' +
      ' is the configuration or the gateway, one on a single node is that node.',
    empty: 'fine',
    query: sql(`
      SELECT workload AS "Workload", part AS "Part", count() AS "Agents", any(said) AS "Says"
      FROM ${newest}
      ARRAY JOIN mapKeys(components) AS part, mapValues(components) AS said
      WHERE state != 'silent'
        AND said NOT IN ('healthy', 'StatusOK', 'StatusStarting', 'StatusNone')
      GROUP BY workload, part ORDER BY "Agents" DESC LIMIT ${rowsMax}`),
    noValue: 'every part is well',
    fields: countFields,
  });
}
