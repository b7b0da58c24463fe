/**
 * The alert rules that the stand-in remembers, behind the operations of Grafana's provisioning API.
 * Replacing a group removes what it does not name; a rule is taken from another group by its uid.
 * Durations, models, ids and times come back as Grafana writes them, not as they were sent.
 */
import { parseDurationMs } from '../../core/units.ts';

export type RuleJson = {
  [key: string]: unknown;
  uid: string;
  title: string;
  folderUID: string;
  ruleGroup: string;
  data: readonly { readonly model: object }[];
};

export type StoredRule = {
  rule: RuleJson;
  /** Empty, `api` or `file`. */
  provenance: string;
};

type Group = { readonly folderUid: string; readonly title: string };

export class Rules {
  readonly rules = new Map<string, StoredRule>();
  /** Seconds by folder and group. */
  readonly intervals = new Map<string, number>();
  #id = 0;

  list(): readonly object[] {
    return [...this.rules.values()].map(({ rule, provenance }) =>
      provenance === '' ? rule : { ...rule, provenance },
    );
  }

  /** Undefined where a group has no rules: then there is none. */
  group({ folderUid, title }: Group): object | undefined {
    const rules = this.#inGroup({ folderUid, title }).map(({ rule }) => rule);
    if (rules.length === 0) return undefined;
    return { folderUid, title, interval: this.intervals.get(`${folderUid}/${title}`), rules };
  }

  /** What is wrong with the group, in Grafana's words and with its status; undefined when done. */
  replace(
    { folderUid, title }: Group,
    { interval, rules }: { readonly interval: number; readonly rules: readonly RuleJson[] },
    provenance: string,
  ): readonly [status: number, message: string] | undefined {
    const uids = new Set(rules.map(({ uid }) => uid));
    const there = this.#inGroup({ folderUid, title });
    const touched = [...there, ...[...uids].flatMap((uid) => this.rules.get(uid) ?? [])];
    for (const { provenance: stored } of touched) {
      if (stored === provenance || stored === '' || (stored === 'api' && provenance === ''))
        continue;
      return [500, `cannot update with provided provenance '${provenance}', needs '${stored}'`];
    }
    const beside = [...this.rules.values()].filter(
      ({ rule }) => rule.folderUID === folderUid && !uids.has(rule.uid) && rule.ruleGroup !== title,
    );
    if (beside.some(({ rule }) => rules.some((each) => each.title === rule.title))) {
      return [400, 'alert rule title under the same organisation and folder should be unique'];
    }
    for (const { rule } of there) this.rules.delete(rule.uid);
    for (const rule of rules) {
      const stored = { ...this.#written(rule), folderUID: folderUid, ruleGroup: title };
      this.rules.set(rule.uid, { rule: stored, provenance });
    }
    this.intervals.set(`${folderUid}/${title}`, interval);
    return undefined;
  }

  remove(uid: string, provenance: string): readonly [status: number, message: string] | undefined {
    const stored = this.rules.get(uid)?.provenance ?? '';
    if (stored !== '' && stored !== provenance) {
      return [500, `cannot delete with provided provenance '${provenance}', needs '${stored}'`];
    }
    this.rules.delete(uid);
    return undefined;
  }

  #inGroup({ folderUid, title }: Group): readonly StoredRule[] {
    return [...this.rules.values()].filter(
      ({ rule }) => rule.folderUID === folderUid && rule.ruleGroup === title,
    );
  }

  #written(rule: RuleJson): RuleJson {
    this.#id += 1;
    return {
      isPaused: false,
      ...rule,
      id: this.#id,
      orgID: 1,
      updated: new Date(this.#id * 1000).toISOString(),
      for: shownDuration(rule['for']),
      ...('keep_firing_for' in rule && {
        keep_firing_for: shownDuration(rule['keep_firing_for']),
      }),
      data: rule.data.map((query) => ({
        queryType: '',
        ...query,
        model: { intervalMs: 1000, maxDataPoints: 43_200, ...query.model },
      })),
    };
  }
}

const units = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** `90s` as `1m30s`, as Prometheus writes durations; weeks only when they are whole. */
export function shownDuration(duration: unknown): string {
  let rest = parseDurationMs(String(duration ?? '0s')) ?? 0;
  const parts = units.flatMap(([unit, size]) => {
    const count = unit === 'w' && rest % size !== 0 ? 0 : Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? [] : [`${count}${unit}`];
  });
  return parts.length === 0 ? '0s' : parts.join('');
}
