/**
 * Dashboards without the panels that nothing feeds: those of a stack whose presets are off. What
 * stays keeps its id, so that an address means the same panel everywhere; lines close up, a row
 * without panels goes, and so does every link to a dashboard that went.
 */
import type { DashboardJson, PanelJson } from './vocabulary/board.ts';
import { isFed, type Standing } from './vocabulary/needs.ts';
import { type Source, type SourceId, sources } from './vocabulary/sources.ts';

/** The sources that nothing of this stack feeds. */
export function unfedSources(standing: Standing): readonly SourceId[] {
  const all = Object.entries(sources) as readonly [SourceId, Source][];
  return all.filter(([, { needs }]) => !isFed(needs, standing)).map(([id]) => id);
}

export function leaveOut(
  all: readonly DashboardJson[],
  without: readonly SourceId[],
): readonly DashboardJson[] {
  if (without.length === 0) return all;
  const off: ReadonlySet<string> = new Set(without);
  const isOff = (panel: PanelJson): boolean => off.has(panel.options?.obsctl?.source ?? '');
  const kept = all.flatMap((dashboard) => {
    const panels = closeUp(dashboard.panels, isOff);
    return panels.some(({ type }) => type !== 'row') ? [{ ...dashboard, panels }] : [];
  });
  const uids = new Set(kept.map(({ uid }) => uid));
  const gone = all.filter(({ uid }) => !uids.has(uid)).map(({ uid }) => `/d/${uid}?`);
  return kept.map((dashboard) => withoutLinks(dashboard, gone) as DashboardJson);
}

/** Panels that stood at the same height stay in one line. */
function closeUp(
  panels: readonly PanelJson[],
  isOff: (panel: PanelJson) => boolean,
): readonly PanelJson[] {
  const left: PanelJson[] = [];
  let x = 0;
  let y = 0;
  let height = 0;
  let formerY = -1;
  for (const panel of dropBareRows(panels.filter((each) => !isOff(each)))) {
    const { w, h } = panel.gridPos;
    if (panel.gridPos.y !== formerY) {
      y += height;
      x = 0;
      height = 0;
      formerY = panel.gridPos.y;
    }
    left.push({ ...panel, gridPos: { x, y, w, h } });
    x += w;
    height = Math.max(height, h);
  }
  return left;
}

function dropBareRows(panels: readonly PanelJson[]): readonly PanelJson[] {
  return panels.filter(({ type }, index) => {
    const next = panels[index + 1];
    return type !== 'row' || (next !== undefined && next.type !== 'row');
  });
}

/** The same value without the links, at any depth, that begin with one of `gone`. */
function withoutLinks(value: unknown, gone: readonly string[]): unknown {
  const leads = (each: unknown): boolean => {
    const url: unknown = Object(each).url;
    return typeof url === 'string' && gone.some((start) => url.startsWith(start));
  };
  if (Array.isArray(value)) {
    return value.filter((each) => !leads(each)).map((each) => withoutLinks(each, gone));
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => !leads(each));
  return Object.fromEntries(entries.map(([key, each]) => [key, withoutLinks(each, gone)]));
}
