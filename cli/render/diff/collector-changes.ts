/**
 * Two Collector configurations compared by component and pipeline, and what each change costs
 * while it is rolled out: logs read again, queues left behind, rings drawn anew.
 */
import { parse } from 'yaml';
import type { JsonObject } from '../../../core/json.ts';
import { isJsonObject, valueAt } from './manifest.ts';
import { changesOf, type FieldChange, same } from './walk.ts';

export type ComponentChange = {
  /** `receivers.file_log/pods`, `pipelines.metrics`. */
  readonly component: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly fields: readonly FieldChange[];
};

export type Risk = {
  /** Short and stable, for scripts. */
  readonly label: string;
  readonly text: string;
};

const sections = ['extensions', 'receivers', 'processors', 'exporters', 'connectors'] as const;

/** The configuration in `text`, or undefined where it is something else. */
export function parseCollectorConfig(text: unknown): JsonObject | undefined {
  if (typeof text !== 'string' || !/^service:/m.test(text)) return undefined;
  const value: unknown = parse(text);
  return isJsonObject(value) && isJsonObject(valueAt(value, 'service', 'pipelines'))
    ? value
    : undefined;
}

/** Follows from another change that is shown. */
const derived = /\."obsctl\.config\.hash"$/;

export function componentChanges(before: JsonObject, after: JsonObject): ComponentChange[] {
  return [
    ...sections.flatMap((section) =>
      namedChanges(section, objectAt(before, section), objectAt(after, section)),
    ),
    ...namedChanges(
      'pipelines',
      objectAt(before, 'service', 'pipelines'),
      objectAt(after, 'service', 'pipelines'),
    ),
    ...namedChanges('service', withoutPipelines(before), withoutPipelines(after)),
  ];
}

export function collectorRisks(changes: readonly ComponentChange[]): Risk[] {
  return changes.flatMap((change) => risksOf(change, changes));
}

function namedChanges(section: string, before: JsonObject, after: JsonObject): ComponentChange[] {
  const ids = [...Object.keys(after), ...Object.keys(before).filter((id) => !(id in after))];
  return ids.flatMap((id): ComponentChange[] => {
    const old = before[id];
    const now = after[id];
    const component = `${section}.${id}`;
    if (!(id in before)) return [{ component, change: 'added', fields: [] }];
    if (!(id in after)) return [{ component, change: 'removed', fields: [] }];
    if (same(old, now)) return [];
    const fields = changesOf(old, now).filter(({ path }) => !derived.test(path));
    return fields.length === 0 ? [] : [{ component, change: 'changed', fields }];
  });
}

function objectAt(config: JsonObject, ...path: readonly string[]): JsonObject {
  const value = valueAt(config, ...path);
  return isJsonObject(value) ? value : {};
}

function withoutPipelines(config: JsonObject): JsonObject {
  const { pipelines: _, ...rest } = objectAt(config, 'service');
  return rest;
}

function risksOf(change: ComponentChange, all: readonly ComponentChange[]): Risk[] {
  const [section = '', ...words] = change.component.split('.');
  const id = words.join('.');
  const type = id.split('/')[0] ?? '';
  const touches = (...keys: readonly string[]) =>
    change.change === 'changed' &&
    change.fields.some(({ path }) =>
      keys.some((key) => path === key || path.startsWith(`${key}.`)),
    );
  const renamed = change.change !== 'changed' && hasTwin(change, all, section, type);
  const found: Risk[] = [];
  const add = (label: string, text: string) => void found.push({ label, text });

  if (section === 'receivers' && isFileLog(type)) {
    if (change.change === 'added' && renamed) {
      add(
        're-reads-logs',
        `${id}: offsets are kept under the receiver's id: files are read again from start_at`,
      );
    }
    if (touches('storage')) add('re-reads-logs', `${id}: its offsets stay in the old storage`);
  }
  if (section === 'extensions' && type === 'file_storage') {
    if (change.change === 'removed' || touches('directory')) {
      add('re-reads-logs', `${id}: offsets kept in the old directory are not found again`);
      add('strands-queue', `${id}: what waits in the old directory's queues is not sent`);
    }
    if (touches('fsync')) add('durability', `${id}: fsync changes what survives a power cut`);
  }
  if (section === 'exporters') {
    if (change.change === 'removed') {
      add('strands-queue', `${id}: what waits in its persistent queue is not sent any more`);
    }
    if (touches('sending_queue.storage')) {
      add('strands-queue', `${id}: what waits in the old storage is not sent`);
    }
    if (touches('endpoint')) add('destination', `${id}: telemetry goes to another place`);
    if (type === 'load_balancing' || type === 'loadbalancing') {
      if (change.change !== 'changed' || touches('resolver', 'routing_key')) {
        add('redraws-ring', `${id}: traces in flight are split between old and new members`);
      }
    }
  }
  if (section === 'extensions' && type === 'k8s_leader_elector') {
    if (change.change !== 'added' && (renamed || touches('lease_name', 'lease_namespace'))) {
      add(
        'two-leaders',
        `${id}: old and new pods hold different leases, so points double while both run`,
      );
    }
  }
  if (section === 'processors' && type === 'tail_sampling') {
    add('sampling', `${id}: traces waiting for a decision are decided by the new rules or lost`);
  }
  if (section === 'pipelines' && change.change === 'removed') {
    add('stops-collecting', `pipeline ${id} is gone: what only it collected is not collected`);
  }
  if (section === 'receivers' && change.change === 'removed' && !renamed) {
    add('stops-collecting', `${id} is gone: what only it collected is not collected`);
  }
  return found;
}

function isFileLog(type: string): boolean {
  return type === 'file_log' || type === 'filelog';
}

/** Whether the change is one half of a renaming: one id goes, another of its type comes. */
function hasTwin(
  change: ComponentChange,
  all: readonly ComponentChange[],
  section: string,
  type: string,
): boolean {
  const wanted = change.change === 'added' ? 'removed' : 'added';
  return all.some(
    (other) => other.change === wanted && other.component.split('/')[0] === `${section}.${type}`,
  );
}
