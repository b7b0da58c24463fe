/**
 * The alert rules in a Grafana, a resource a group.
 *
 * Grafana replaces a group as a whole, and removes the rules that a write does not name: what
 * stands in a group of ours is read before, and leftovers are sent back. A group has no version; it
 * is read again right before the write, and nothing is written when it differs.
 */
import { isDeepStrictEqual } from 'node:util';
import { Problem } from '../../core/problem.ts';
import { type RuleGroupJson, ruleGroups } from '../alerts/grafana.ts';
import type { AlertRule } from '../alerts/rule.ts';
import type { Grafana } from './api.ts';
import { compareJson } from './compare.ts';
import type { DataSourceChoice } from './data-source.ts';
import type { FolderChoice } from './folder.ts';
import type { Inspection, Leftover, Resource } from './resource.ts';
import { type FoundGroup, listRules, readGroup, removeRule, writeGroup } from './rule-api.ts';
import { comparableRule, type FoundRule, keptOf, sendable } from './rule-compare.ts';
import {
  isLeftover,
  isOurs,
  type RulesPlace,
  refuseForeign,
  refuseProvisioned,
} from './rule-owner.ts';

export type AlertsOptions = {
  readonly rules: readonly AlertRule[];
  /** Where `docs/runbooks/` can be read, for the link in a message. */
  readonly runbooksUrl?: string;
};

export type RulesOptions = AlertsOptions & {
  readonly folder: FolderChoice;
  readonly dataSource: DataSourceChoice;
};

export async function ownRules(
  grafana: Grafana,
  { rules, runbooksUrl, folder, dataSource }: RulesOptions,
): Promise<{
  readonly resources: readonly Resource[];
  readonly leftovers: readonly Leftover[];
  readonly notes: readonly string[];
}> {
  const all = await listRules(grafana);
  const uids = new Set(rules.map(({ uid }) => uid));
  const place: RulesPlace = { grafana, folder, all, uids };
  const datasourceUid = dataSourceUid(dataSource, all.filter(isOurs(place)));
  if (datasourceUid === undefined) {
    const missing = 'they name their data source, and it is not known which';
    const next = 'say it with `--data-source-uid` or `--clickhouse`';
    return {
      resources: [],
      leftovers: [],
      notes: [`alert rules are left out: ${missing}; ${next}`],
    };
  }
  const runbooks = runbooksUrl === undefined ? {} : { runbooksUrl };
  const groups = ruleGroups(rules, { datasourceUid, folderUid: folder.uid, ...runbooks });
  return {
    resources: groups.map((group) => ({
      kind: 'rule group',
      uid: `${folder.uid}/${group.title}`,
      title: group.title,
      inspect: () => inspectGroup(place, group),
    })),
    leftovers: all.filter(isLeftover(place)).map((rule) => leftoverOf(grafana, rule)),
    notes: [],
  };
}

/** What was chosen, else what our rules there ask, else the only one that there is. */
function dataSourceUid(
  { chosen, fitting }: DataSourceChoice,
  ours: readonly FoundRule[],
): string | undefined {
  if (chosen !== undefined) return chosen.uid;
  const asked = new Set(ours.map(askedBy));
  const [uid] = asked;
  const exists = fitting === undefined || fitting.some((each) => each.uid === uid);
  if (asked.size === 1 && uid !== undefined && exists) return uid;
  return fitting?.length === 1 ? fitting[0]?.uid : undefined;
}

/** The data source of the query; the other entry is an expression. */
function askedBy({ data }: FoundRule): string | undefined {
  const [query] = Array.isArray(data) ? data : [];
  const uid = typeof query === 'object' && query !== null ? Object(query).datasourceUid : undefined;
  return typeof uid === 'string' ? uid : undefined;
}

async function inspectGroup(place: RulesPlace, group: RuleGroupJson): Promise<Inspection> {
  const { grafana, all } = place;
  const found = await readGroup(grafana, group);
  const uids = new Set(group.rules.map(({ uid }) => uid));
  const inside = found?.rules ?? [];
  const beside = all.filter(
    (rule) => uids.has(rule.uid) && !inside.some(({ uid }) => uid === rule.uid),
  );
  // A rule that left the group since the list was read stands in the list as it was.
  const moved = beside.filter((rule) => !isIn(group)(rule));
  refuseForeign(place, group, inside, moved);
  const there = [...inside.filter(({ uid }) => uids.has(uid)), ...moved];
  const changes = compareGroup(grafana, found, there, group);
  if (changes.length > 0) refuseProvisioned(place, [...inside, ...moved]);
  const fresh = there.length === 0 && inside.length === 0;
  const action = fresh ? 'create' : changes.length === 0 ? 'none' : 'update';
  return {
    action,
    changes: fresh ? [] : changes,
    write: () => replaceGroup(place, group, found, there),
  };
}

function compareGroup(
  { version }: Grafana,
  found: FoundGroup | undefined,
  there: readonly FoundRule[],
  group: RuleGroupJson,
) {
  const keepsFiring = !(Number.parseInt(version ?? '', 10) < 12);
  const comparable = (rules: readonly object[]) =>
    rules.map((rule) => comparableRule(JSON.parse(JSON.stringify(rule)), keepsFiring));
  const seen = new Map(comparable(there).map((rule) => [rule['uid'], rule]));
  const wanted = comparable(group.rules);
  // In our order: people may sort the rules of a group.
  const before = wanted.flatMap(({ uid }) => seen.get(uid) ?? []);
  return compareJson(
    { ...(found?.interval !== undefined && { interval: found.interval }), rules: before },
    { ...(found !== undefined && { interval: group.interval ?? 0 }), rules: wanted },
  );
}

async function replaceGroup(
  { grafana, uids }: RulesPlace,
  group: RuleGroupJson,
  found: FoundGroup | undefined,
  there: readonly FoundRule[],
): Promise<void> {
  const wanted = new Map(there.map((rule) => [rule.uid, rule]));
  const now = await readGroup(grafana, group);
  // Rules that the write of another group of ours takes over may be gone by now.
  const staying = (each: FoundGroup | undefined) =>
    each?.rules.filter(({ uid }) => wanted.has(uid) || !uids.has(uid)) ?? [];
  const same = found === undefined || now === undefined || found.interval === now.interval;
  if (!same || !isDeepStrictEqual(staying(now), staying(found))) {
    throw new Problem('OBS-4109', `the rule group "${group.title}" is not as it was read`, {
      where: grafana.address,
    });
  }
  const others = now?.rules.filter(({ uid }) => !wanted.has(uid)) ?? [];
  const rules = [
    ...group.rules.map((rule) => ({ ...rule, ...keptOf(wanted.get(rule.uid ?? '')) })),
    ...others.map(sendable),
  ];
  await writeGroup(grafana, group, { ...group, rules });
}

function isIn({ title, folderUid }: RuleGroupJson) {
  return (rule: FoundRule): boolean => rule.ruleGroup === title && rule.folderUID === folderUid;
}

function leftoverOf(grafana: Grafana, rule: FoundRule): Leftover {
  const { uid, title } = rule;
  return { kind: 'alert rule', uid, title, remove: () => removeRule(grafana, rule) };
}
