/** The requests about alert rules, and what a token needs for them. */
import type { RuleGroupJson } from '../alerts/grafana.ts';
import type { Grafana } from './api.ts';
import { namingRights } from './refusal.ts';
import type { FoundRule } from './rule-compare.ts';

const withRights = namingRights(
  'Give it the role Editor (an older Grafana: Admin), with the right to query the data ' +
    'source; or leave the alert rules out with `--no-alerts`.',
);

export type FoundGroup = { readonly interval?: number; readonly rules: readonly FoundRule[] };

const what = 'read alert rules';
const paths = '/v1/provisioning';

/** Rules stay editable in Grafana, so that people can pause one or choose whom it tells. */
const editable = { 'x-disable-provenance': 'true' } as const;

/** Every rule that the token sees. */
export function listRules(grafana: Grafana): Promise<readonly FoundRule[]> {
  const path = `${paths}/alert-rules`;
  return withRights(async () => (await grafana.read<readonly FoundRule[]>(what, path)) ?? []);
}

/** Undefined where the group has no rules. */
export function readGroup(grafana: Grafana, group: RuleGroupJson): Promise<FoundGroup | undefined> {
  return withRights(() => grafana.read<FoundGroup>(what, pathOf(group)));
}

/** Replaces the group: rules that `body` does not name are removed. */
export function writeGroup(grafana: Grafana, group: RuleGroupJson, body: object): Promise<void> {
  const name = `write the alert rules "${group.title}"`;
  return withRights(() => grafana.write(name, 'PUT', pathOf(group), body, editable));
}

export function removeRule(
  grafana: Grafana,
  { uid, provenance = '' }: Pick<FoundRule, 'uid' | 'provenance'>,
): Promise<void> {
  // Grafana wants to be told the same provenance that the rule has.
  const headers = provenance === '' ? editable : {};
  const path = `${paths}/alert-rules/${encodeURIComponent(uid)}`;
  return withRights(() =>
    grafana.write(`delete the alert rule ${uid}`, 'DELETE', path, undefined, headers),
  );
}

function pathOf({ folderUid, title }: RuleGroupJson): string {
  const [folder, name] = [folderUid, title].map(encodeURIComponent);
  return `${paths}/folder/${folder}/rule-groups/${name}`;
}
