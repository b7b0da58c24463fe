/** The two frames of a node graph, nodes and edges, as Grafana's panel reads them. Pure. */
import { displayText, settingsOf } from './fields.ts';
import type { Frame } from './frames.ts';
import type { DataLink, Panel } from './model.ts';

type Row = Readonly<Record<string, unknown>>;

/** A number worth saying, with its name: `Rate`, `12.3 req/s`. */
type Stat = { readonly name: string; readonly text: string };

export type GraphNode = {
  readonly id: string;
  readonly title: string;
  /** Kind of node, as the query calls it. */
  readonly subtitle: string;
  /** Main and second number, for the card. */
  readonly shown: readonly string[];
  readonly stats: readonly Stat[];
  /** Parts of the ring, which sum to 1; colour names. */
  readonly arcs: readonly { readonly share: number; readonly colour: string }[];
  /** Share that failed, in words, when it is worth saying; else empty. */
  readonly mark: string;
  readonly row: Row;
  readonly links: readonly DataLink[];
};

export type GraphEdge = {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly thicknessPx: number;
  /** Colour name; `undefined` for an edge about which there is nothing to say. */
  readonly colour: string | undefined;
  readonly dashes: string;
  /** What a mark on the line says; empty for none. */
  readonly mark: string;
  readonly stats: readonly Stat[];
  readonly row: Row;
  readonly links: readonly DataLink[];
};

export type Graph = { readonly nodes: readonly GraphNode[]; readonly edges: readonly GraphEdge[] };

const thicknessPxMax = 8;
const statNames = /^(mainstat|secondarystat|detail__.*)$/;

export function readGraph(panel: Panel, frames: readonly Frame[]): Graph {
  const has = (frame: Frame, name: string) => frame.fields.some((field) => field.name === name);
  const edgeFrame = frames.find((frame) => has(frame, 'source') && has(frame, 'target'));
  const nodeFrame = frames.find((frame) => frame !== edgeFrame && has(frame, 'id'));
  const edges = edgeFrame === undefined ? [] : rowsOf(edgeFrame).map((row) => edgeOf(panel, row));
  const nodes = nodeFrame === undefined ? [] : rowsOf(nodeFrame).map((row) => nodeOf(panel, row));
  const known = new Set(nodes.map(({ id }) => id));
  const missing = new Set(
    edges.flatMap(({ source, target }) => [source, target]).filter((id) => !known.has(id)),
  );
  return { nodes: [...nodes, ...[...missing].map((id) => nodeOf(panel, { id }))], edges };
}

function rowsOf(frame: Frame): Row[] {
  return Array.from({ length: frame.length }, (_, row) =>
    Object.fromEntries(frame.fields.map((field) => [field.name, field.values[row]])),
  );
}

function nodeOf(panel: Panel, row: Row): GraphNode {
  const id = String(row['id'] ?? '');
  const stats = statsOf(panel, row);
  return {
    id,
    title: String(row['title'] ?? id),
    subtitle: String(row['subtitle'] ?? ''),
    shown: ['mainstat', 'secondarystat'].flatMap((name) => valueText(panel, row, name)),
    stats,
    arcs: arcsOf(panel, row),
    mark: failedText(panel, row),
    row,
    links: linksOf(panel, row),
  };
}

function edgeOf(panel: Panel, row: Row): GraphEdge {
  const color = row['color'];
  const colour = typeof color === 'string' && color !== '' ? color : undefined;
  const thickness = Number(row['thickness'] ?? 1);
  return {
    id: String(row['id'] ?? ''),
    source: String(row['source'] ?? ''),
    target: String(row['target'] ?? ''),
    thicknessPx: Math.min(Math.max(Number.isFinite(thickness) ? thickness : 1, 1), thicknessPxMax),
    colour,
    dashes: String(row['strokeDasharray'] ?? ''),
    mark: colour === undefined ? '' : failedText(panel, row) || String(row['mark'] ?? ''),
    stats: statsOf(panel, row),
    row,
    links: linksOf(panel, row),
  };
}

/** From this share on a failure is said on the map itself. */
const failedShareMin = 0.01;

function failedText(panel: Panel, row: Row): string {
  const isWorthIt = Number(row['detail__failed'] ?? 0) > failedShareMin;
  return isWorthIt ? (valueText(panel, row, 'detail__failed')[0] ?? '') : '';
}

function statsOf(panel: Panel, row: Row): Stat[] {
  return Object.keys(row)
    .filter((name) => statNames.test(name))
    .flatMap((name) => {
      const settings = settingsOf(panel, name);
      const fallback = name.replace(/^detail__/, '');
      const text = valueText(panel, row, name)[0];
      return text === undefined ? [] : [{ name: settings.displayName ?? fallback, text }];
    });
}

function valueText(panel: Panel, row: Row, name: string): string[] {
  const value = row[name];
  if (value === null || value === undefined || value === '') return [];
  return [displayText(value, settingsOf(panel, name))];
}

function arcsOf(panel: Panel, row: Row): GraphNode['arcs'] {
  const options = panel.options?.['nodes'] as
    | { readonly arcs?: readonly { readonly field?: string; readonly color?: string }[] }
    | undefined;
  return Object.keys(row)
    .filter((name) => name.startsWith('arc__'))
    .map((name) => ({
      share: Math.min(Math.max(Number(row[name] ?? 0) || 0, 0), 1),
      colour:
        options?.arcs?.find(({ field }) => field === name)?.color ??
        settingsOf(panel, name).color?.fixedColor ??
        'text',
    }));
}

/** Links of any field of the row; each once. */
function linksOf(panel: Panel, row: Row): DataLink[] {
  const links = Object.keys(row).flatMap((name) => settingsOf(panel, name).links ?? []);
  return links.filter((link, index) => links.findIndex(({ url }) => url === link.url) === index);
}
