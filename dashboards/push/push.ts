/**
 * Brings a Grafana to what this version has: reads everything, compares, and writes only what
 * differs. Nothing at all is written while one thing is refused.
 *
 *     read ─▶ compare ─▶ refusals? ─▶ write in order ─▶ leftovers
 */
import { isProblem, Problem } from '../../core/problem.ts';
import type { DashboardJson } from '../vocabulary/board.ts';
import type { Grafana } from './api.ts';
import { ownBoards } from './boards.ts';
import { chooseDataSource, type DataSourceOptions } from './data-source.ts';
import { chooseFolder } from './folder.ts';
import { checkPlugin } from './plugin.ts';
import type { Change, Inspection, Leftover, Resource, ResourceName } from './resource.ts';
import { ownRouting, type RoutingOptions } from './routing/routing.ts';
import { type AlertsOptions, ownRules } from './rules.ts';

export type PushOptions = {
  readonly dashboards: readonly DashboardJson[];
  /** Title of the folder; undefined keeps the one that ours has. */
  readonly folder: string | undefined;
  readonly dataSource: DataSourceOptions;
  /** Undefined: alert rules are not even read. */
  readonly alerts: AlertsOptions | undefined;
  /** Undefined: contact points, policies and mute timings are not even read. */
  readonly routing?: RoutingOptions | undefined;
  /** Compare, and write nothing. */
  readonly dryRun: boolean;
  /** Remove what is ours but no longer part of this version. */
  readonly prune: boolean;
};

export type PushStep = ResourceName & {
  readonly action: 'create' | 'update' | 'remove' | 'none';
  readonly changes: readonly Change[];
};

export type PushResult = {
  readonly grafana: string;
  readonly version: string | undefined;
  readonly folder: { readonly uid: string; readonly title: string };
  readonly dryRun: boolean;
  /** In the order of writing; done, unless it was a dry run or something was refused. */
  readonly steps: readonly PushStep[];
  /** Ours, but no longer part of this version. */
  readonly leftovers: readonly ResourceName[];
  readonly notes: readonly string[];
  /** When there are any, nothing was written. */
  readonly refusals: readonly Problem[];
};

type Planned = { readonly resource: Resource; readonly inspection: Inspection };

export async function pushDashboards(grafana: Grafana, options: PushOptions): Promise<PushResult> {
  const folder = await chooseFolder(grafana, options.folder);
  const pluginNotes = await checkPlugin(grafana);
  const dataSource = await chooseDataSource(grafana, options.dataSource);
  const boards = await ownBoards(grafana, {
    dashboards: options.dashboards,
    folder,
    dataSource: dataSource.chosen,
  });
  const rules =
    options.alerts === undefined
      ? { resources: [], leftovers: [], notes: [] }
      : await ownRules(grafana, { ...options.alerts, folder, dataSource });
  const routing =
    options.routing === undefined
      ? { resources: [], leftovers: [] }
      : await ownRouting(grafana, options.routing);
  const own = [folder.resource, dataSource.resource].filter((each) => each !== undefined);
  const resources = [...own, ...boards.resources, ...rules.resources, ...routing.resources];
  const { planned, refusals } = await inspectAll(resources);
  const leftovers = [...boards.leftovers, ...rules.leftovers, ...routing.leftovers];
  const removed = options.prune ? leftovers : [];
  if (refusals.length === 0 && !options.dryRun) await writeAll(grafana, planned, removed);
  return {
    grafana: grafana.address,
    version: grafana.version,
    folder: { uid: folder.uid, title: folder.title },
    dryRun: options.dryRun,
    steps: [
      ...planned.map(({ resource, inspection: { action, changes } }) => ({
        ...nameOf(resource),
        action,
        changes,
      })),
      ...removed.map((leftover) => ({
        ...nameOf(leftover),
        action: 'remove' as const,
        changes: [],
      })),
    ],
    leftovers: leftovers.map(nameOf),
    notes: [...pluginNotes, ...folder.notes, ...dataSource.notes, ...rules.notes],
    refusals,
  };
}

/** Every refusal at once, so that a person removes all causes before trying again. */
async function inspectAll(resources: readonly Resource[]) {
  const planned: Planned[] = [];
  const refusals: Problem[] = [];
  for (const resource of resources) {
    try {
      planned.push({ resource, inspection: await resource.inspect() });
    } catch (error) {
      if (!isProblem(error) || !refusalCodes.has(error.code)) throw error;
      refusals.push(error);
    }
  }
  return { planned, refusals };
}

const refusalCodes: ReadonlySet<string> = new Set(['OBS-4108', 'OBS-4110']);

async function writeAll(
  grafana: Grafana,
  planned: readonly Planned[],
  removed: readonly Leftover[],
): Promise<void> {
  const changed = planned.filter(({ inspection }) => inspection.action !== 'none');
  const writes = [
    ...changed.map(
      ({ resource, inspection }) =>
        () =>
          writeOne(grafana, resource, inspection),
    ),
    ...removed.map((leftover) => leftover.remove),
  ];
  for (const [done, write] of writes.entries()) {
    try {
      await write();
    } catch (error) {
      throw isProblem(error) ? halfway(error, done, writes.length) : error;
    }
  }
}

/** What was written stays: it is as it should be, and the next push goes on from there. */
function halfway(problem: Problem, done: number, count: number): Problem {
  const { code, message, where, next, reach } = problem;
  const place = where === undefined ? {} : { where };
  const said = `${message} (${done} of ${count} were written before)`;
  return new Problem(code, said, { ...place, next, reach, cause: problem });
}

async function writeOne(grafana: Grafana, resource: Resource, { write }: Inspection) {
  try {
    await write();
  } catch (error) {
    await settleConflict(grafana, resource, error);
  }
}

/**
 * A conflict is none when Grafana now has what it should: an answer of ours was lost and the write
 * repeated, or two pushes of the same version met.
 */
async function settleConflict(grafana: Grafana, resource: Resource, error: unknown) {
  if (!isProblem(error) || error.code !== 'OBS-4109') throw error;
  const { action } = await resource.inspect();
  if (action === 'none') return;
  const name = `the ${resource.kind} "${resource.title}" (${resource.uid})`;
  throw new Problem('OBS-4109', `${name} was changed by somebody else meanwhile`, {
    where: grafana.address,
    cause: error,
  });
}

function nameOf({ kind, uid, title }: ResourceName): ResourceName {
  return { kind, uid, title };
}
