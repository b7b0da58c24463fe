/** The tables of entities in memory: of rows with the same key the one of the greatest version. */
import type { EventRow, Known, Recorded, VersionRow } from '../recorder.ts';

export class StoredRows {
  readonly #versions = new Map<string, VersionRow>();
  readonly #events = new Map<string, EventRow>();

  putVersions(rows: readonly VersionRow[]): void {
    for (const row of rows) {
      const key = `${row.entity.id} ${row.entity.resourceVersion}`;
      const before = this.#versions.get(key);
      if (before?.version === row.version && before.validToMs !== row.validToMs) {
        throw new Error(`two rows of ${key}, and nothing says which stays`);
      }
      if (before === undefined || row.version >= before.version) this.#versions.set(key, row);
    }
  }

  putEvents(rows: readonly EventRow[]): void {
    for (const row of rows) {
      this.#events.set(`${row.entity.id} ${row.resourceVersion} ${row.type}`, row);
    }
  }

  /** As a watcher finds it that begins at `position`. */
  recorded(position: number): Recorded {
    const known: Known[] = [];
    const gone: { id: string; resourceVersion: bigint }[] = [];
    const last = new Map<string, VersionRow>();
    for (const row of this.#versions.values()) {
      const { entity, validFromMs, validToMs, isGone, version } = row;
      if (validToMs === undefined) known.push({ entity, validFromMs });
      if (!isGone) continue;
      if (version > position - 1) gone.push({ id: entity.id, resourceVersion: version });
      if (entity.own['Node'] === '') continue;
      const before = last.get(entity.name);
      if ((before?.version ?? 0n) < version) last.set(entity.name, row);
    }
    const predecessors = [...last.values()].map(({ entity }) => ({
      ...{ id: entity.id, namespace: entity.namespace, name: entity.name },
      ...{ node: String(entity.own['Node']), createdMs: entity.createdMs },
    }));
    return { known, gone, predecessors };
  }

  /** Everything in a fixed order. */
  summary(): { readonly versions: readonly string[]; readonly events: readonly string[] } {
    const versions = [...this.#versions.values()].map(
      ({ entity, validFromMs, validToMs, isGone }) =>
        `${entity.id} ${entity.resourceVersion} ${validFromMs} ${validToMs} ${isGone} ` +
        JSON.stringify(entity.own),
    );
    const events = [...this.#events.values()].map(
      ({ timeMs, resourceVersion, description }) => `${resourceVersion} ${timeMs} ${description}`,
    );
    return { versions: versions.sort(), events: events.sort() };
  }
}
