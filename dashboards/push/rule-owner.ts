/**
 * Whose an alert rule is. Ours have our uids, in groups of our names, in the folder that is pushed
 * to or in our own; anything else in their place is never written over.
 */
import { Problem } from '../../core/problem.ts';
import type { RuleGroupJson } from '../alerts/grafana.ts';
import type { Grafana } from './api.ts';
import { type FolderChoice, folderUid as ownFolderUid } from './folder.ts';
import type { FoundRule } from './rule-compare.ts';

export type RulesPlace = {
  readonly grafana: Grafana;
  readonly folder: FolderChoice;
  /** Every rule of this Grafana that the token sees. */
  readonly all: readonly FoundRule[];
  /** Uids of this version, of all groups. */
  readonly uids: ReadonlySet<string>;
};

/** Of uids of rules and of names of groups. */
const prefix = 'obsctl-';

/** By uid, name of the group, and folder. */
export function isOurs({ folder }: Pick<RulesPlace, 'folder'>) {
  return ({ uid, ruleGroup, folderUID }: FoundRule): boolean =>
    uid.startsWith(prefix) &&
    ruleGroup.startsWith(prefix) &&
    (folderUID === folder.uid || folderUID === ownFolderUid);
}

/** What a file brings is the file's to remove. */
export function isLeftover(place: RulesPlace) {
  return (rule: FoundRule): boolean =>
    isOurs(place)(rule) && !place.uids.has(rule.uid) && !isProvisioned(rule);
}

export function refuseForeign(
  { grafana: { address: where }, folder, all, uids }: RulesPlace,
  group: RuleGroupJson,
  inside: readonly FoundRule[],
  moved: readonly FoundRule[],
): void {
  const foreign = inside.find(({ uid }) => !uid.startsWith(prefix));
  if (foreign !== undefined) {
    const rule = `the alert rule "${foreign.title}" (${foreign.uid})`;
    throw new Problem('OBS-4108', `${rule} in the group ${group.title} is not ours`, { where });
  }
  const away = moved.find((rule) => !isOurs({ folder })(rule));
  if (away !== undefined) {
    const at = `in the group "${away.ruleGroup}" of the folder ${away.folderUID}`;
    throw new Problem('OBS-4108', `${away.uid} is an alert rule ${at}, so it is not ours`, {
      where,
      next: 'Delete that rule or give it another uid, or leave rules out with `--no-alerts`.',
    });
  }
  const titles = new Set(group.rules.map(({ title }) => title));
  const same = all.find(
    ({ uid, title, folderUID }) =>
      folderUID === folder.uid && titles.has(title) && !uids.has(uid) && !uid.startsWith(prefix),
  );
  if (same === undefined) return;
  const fault = `another alert rule (${same.uid}) has the title "${same.title}"`;
  throw new Problem('OBS-4108', `${fault} in "${folder.title}"`, { where });
}

/** Grafana answers such a write with 500, as if it were ill. */
export function refuseProvisioned({ grafana, all }: RulesPlace, rules: readonly FoundRule[]): void {
  const uids = new Set(rules.map(({ uid }) => uid));
  const fixed = all.find((rule) => uids.has(rule.uid) && isProvisioned(rule));
  if (fixed === undefined) return;
  const fault = `the alert rule "${fixed.title}" (${fixed.uid}) is provisioned from a file`;
  throw new Problem('OBS-4110', fault, {
    where: grafana.address,
    next: 'Take the file away, let it bring the change, or leave rules out with `--no-alerts`.',
  });
}

function isProvisioned({ provenance = '' }: FoundRule): boolean {
  return provenance !== '' && provenance !== 'api';
}
