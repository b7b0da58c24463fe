/**
 * Rights computed from a Collector configuration: what its components really ask the API server,
 * rule by rule with the reason, and nothing more. Informers list and watch, so nobody gets `get`
 * who does not read single objects; no rule has `*`.
 */
import type { CollectorConfig } from '../collector/types.ts';
import type { RbacRule } from './objects.ts';
import type { Ask, AskContext } from './rbac-ask.ts';
import { asksOf } from './rbac-components.ts';

export type RuleWithReason = RbacRule & {
  /** The one namespace where it is needed; absent: the whole cluster. */
  readonly namespace?: string;
  /** Components and the setting that asks for it. */
  readonly reason: string;
};

export type RuleOptions = {
  readonly kubernetesMinor: number;
  /** What a component asks for changes with the version; the oldest supported when absent. */
  readonly collectorVersion?: string;
  /** Of the pods themselves, for settings that say “my own namespace”. */
  readonly namespace?: string;
};

/** One right on one resource: the unit in which asks are compared. */
type Atom = {
  readonly namespace: string | undefined;
  readonly group: string | undefined;
  readonly resource: string | undefined;
  readonly url: string | undefined;
  readonly names: readonly string[];
  readonly verbs: Set<string>;
  readonly reasons: Set<string>;
};

const verbOrder = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];

export function rulesFor(config: CollectorConfig, options: RuleOptions): readonly RuleWithReason[] {
  const context: AskContext = {
    kubernetesMinor: options.kubernetesMinor,
    collectorMinor: minorOf(options.collectorVersion),
    namespace: options.namespace,
  };
  return rulesOf(asksOf(config, context));
}

/** The fewest rules that say the same as the asks together. */
function rulesOf(asks: readonly Ask[]): readonly RuleWithReason[] {
  const atoms = new Map<string, Atom>();
  for (const ask of asks) {
    for (const atom of atomsOf(ask)) {
      const known = atoms.get(atomKey(atom));
      if (known === undefined) atoms.set(atomKey(atom), atom);
      for (const verb of atom.verbs) known?.verbs.add(verb);
      for (const reason of atom.reasons) known?.reasons.add(reason);
    }
  }
  const kept = [...atoms.values()].filter((atom) => isNews(atom, atoms));
  const rules = new Map<string, Atom[]>();
  for (const atom of kept) {
    const key = JSON.stringify([
      atom.namespace,
      atom.group,
      atom.names,
      orderedVerbs(atom),
      [...atom.reasons],
    ]);
    rules.set(key, [...(rules.get(key) ?? []), atom]);
  }
  return [...rules.values()].map(ruleOf);
}

/** Rules without their reasons, for a Role or ClusterRole. */
export function plainRules(rules: readonly RuleWithReason[]): readonly RbacRule[] {
  return rules.map(({ namespace: _namespace, reason: _reason, ...rule }) => rule);
}

function* atomsOf(ask: Ask): Generator<Atom> {
  const common = {
    namespace: ask.namespace,
    names: ask.names ?? [],
  };
  for (const resource of ask.resources ?? []) {
    yield {
      ...common,
      group: ask.group ?? '',
      resource,
      url: undefined,
      verbs: new Set(ask.verbs),
      reasons: new Set([ask.reason]),
    };
  }
  for (const url of ask.urls ?? []) {
    yield {
      ...common,
      group: undefined,
      resource: undefined,
      url,
      verbs: new Set(ask.verbs),
      reasons: new Set([ask.reason]),
    };
  }
}

function atomKey(atom: Omit<Atom, 'verbs' | 'reasons'>): string {
  return JSON.stringify([atom.namespace, atom.group, atom.resource, atom.url, atom.names]);
}

/** False for what a wider right on the same resource already gives. */
function isNews(atom: Atom, atoms: ReadonlyMap<string, Atom>): boolean {
  const wider = [
    { ...atom, names: [] },
    { ...atom, namespace: undefined },
    { ...atom, namespace: undefined, names: [] },
  ];
  return !wider.some((candidate) => {
    const found = atoms.get(atomKey(candidate));
    return found !== undefined && found !== atom && atom.verbs.isSubsetOf(found.verbs);
  });
}

function ruleOf(atoms: readonly Atom[]): RuleWithReason {
  const first = atoms[0] as Atom;
  const resources = atoms.flatMap((atom) => atom.resource ?? []);
  const urls = atoms.flatMap((atom) => atom.url ?? []);
  return {
    ...(first.group === undefined ? {} : { apiGroups: [first.group] }),
    ...(resources.length === 0 ? {} : { resources }),
    ...(first.names.length === 0 ? {} : { resourceNames: first.names }),
    ...(urls.length === 0 ? {} : { nonResourceURLs: urls }),
    verbs: orderedVerbs(first),
    ...(first.namespace === undefined ? {} : { namespace: first.namespace }),
    reason: [...first.reasons].join('; '),
  };
}

function orderedVerbs(atom: Atom): readonly string[] {
  return [...atom.verbs].sort((left, right) => verbOrder.indexOf(left) - verbOrder.indexOf(right));
}

/** `0.149.0` is 149; what nobody named is the oldest version that is supported. */
function minorOf(version: string | undefined): number {
  const oldestMinor = 149;
  return version === undefined ? oldestMinor : Number(version.split('.')[1] ?? oldestMinor);
}
