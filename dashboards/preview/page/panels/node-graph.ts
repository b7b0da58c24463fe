/**
 * A map of nodes and edges in layers. Positions follow from the names alone, so a refresh changes
 * numbers and colours and moves nothing. Dragging and zooming touch one transform, never the tree.
 */
import { useMemo, useRef, useState } from 'preact/hooks';
import { type Layout, layOut, type Point } from '../graph-layout.ts';
import { type Graph, type GraphEdge, type GraphNode, readGraph } from '../graph-model.ts';
import { html } from '../html.ts';
import type { PanelProps } from '../panel-box.ts';
import { type Chosen, GraphDetails } from './graph-details.ts';
import { EdgeLine, type Faintness, NodeCard } from './graph-drawing.ts';
import { useMapView } from './map-view.ts';

type Hover = {
  readonly item: GraphNode | GraphEdge;
  readonly name: string;
  readonly x: number;
  readonly y: number;
};

export function NodeGraphPanel({ panel, data }: PanelProps) {
  const graph = useMemo(() => readGraph(panel, data.frames), [data.frames]);
  const { layout, routes } = useLayout(graph);
  const [chosen, setChosen] = useState<Chosen | undefined>(undefined);
  const [hover, setHover] = useState<Hover | undefined>(undefined);
  const [reached, setReached] = useState('');
  const view = useMapView(layout, graph.edges.find(({ mark }) => mark !== '')?.target ?? '');
  const box = useRef<HTMLDivElement>(null);
  const near = useMemo(() => neighbours(graph, chosen), [graph, chosen]);
  const first = graph.nodes.some(({ id }) => id === reached) ? reached : startOf(graph, layout);
  const itemAt = (event: Event): { readonly node?: GraphNode; readonly edge?: GraphEdge } => {
    const at = (event.target as Element).closest<SVGElement>('[data-node], [data-edge]');
    const { node, edge } = at?.dataset ?? {};
    return {
      ...(node !== undefined && { node: graph.nodes.find(({ id }) => id === node)! }),
      ...(edge !== undefined && { edge: graph.edges.find(({ id }) => id === edge)! }),
    };
  };
  const onClick = (event: Event) => {
    if (view.wasDragged()) return;
    const { node, edge } = itemAt(event);
    if (node !== undefined) choose({ kind: 'node', id: node.id });
    else choose(edge === undefined ? undefined : { kind: 'edge', id: edge.id });
  };
  const choose = (next: Chosen | undefined) => {
    setHover(undefined);
    setChosen(next?.id === chosen?.id ? undefined : next);
    if (next?.kind === 'node') setReached(next.id);
  };
  const onHover = (event: PointerEvent) => {
    const { node, edge } = itemAt(event);
    const item = node ?? edge;
    const frame = box.current?.getBoundingClientRect();
    if (item === undefined || frame === undefined || view.isDragging()) setHover(undefined);
    else
      setHover({
        item,
        name: nameOf(item, graph),
        x: event.clientX - frame.left,
        y: event.clientY - frame.top,
      });
  };
  const onKey = (event: KeyboardEvent) => {
    const { node } = itemAt(event);
    if (event.key === 'Escape' && chosen !== undefined) setChosen(undefined);
    else if (node === undefined) return;
    else if (event.key === 'Enter' || event.key === ' ') choose({ kind: 'node', id: node.id });
    else {
      const next = stepFrom(node.id, event.key, graph, layout);
      if (next === undefined) return;
      setReached(next);
      view.show(next);
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const edges = drawingOrder(graph.edges);
  return html`<div class="map" ref=${box}>
    <svg class="map-svg" ref=${view.svg} role="group" aria-label=${summary(panel.title, graph)}
      onClick=${onClick} onKeyDown=${onKey} onPointerOver=${onHover}
      onPointerLeave=${() => setHover(undefined)} onPointerDown=${view.onPointerDown}
      onPointerMove=${view.onPointerMove} onPointerUp=${view.onPointerUp}>
      <g ref=${view.content}>
        ${edges.map(
          (edge) => html`<${EdgeLine} key=${edge.id} edge=${edge}
            route=${routes.get(edge.id) ?? []}
            place=${layout.places.get(edge.source)} look=${near.edge(edge)}
            chosen=${chosen?.id === edge.id} />`,
        )}
        ${graph.nodes.map((node) => {
          const place = layout.places.get(node.id);
          if (place === undefined) return null;
          return html`<${NodeCard} key=${node.id} node=${node} place=${place}
            look=${near.node(node)} chosen=${chosen?.id === node.id}
            reachable=${node.id === first} />`;
        })}
      </g>
    </svg>
    <div class="map-tools">
      <button class="button slim" aria-label="Zoom in" onClick=${() => view.zoom(1.3)}>+</button>
      <button class="button slim" aria-label="Zoom out" onClick=${() => view.zoom(1 / 1.3)}>−
        </button>
      <button class="button slim" onClick=${() => view.fit()}>Fit</button>
    </div>
    ${
      hover !== undefined &&
      html`<${Label} hover=${hover}
      width=${box.current?.clientWidth ?? 0} />`
    }
    ${
      chosen !== undefined &&
      html`<${GraphDetails} graph=${graph} chosen=${chosen} onChoose=${choose} />`
    }
  </div>`;
}

/** Computed anew only when a node or an edge came or went. */
function useLayout(graph: Graph): {
  readonly layout: Layout;
  readonly routes: ReadonlyMap<string, readonly Point[]>;
} {
  const ids = graph.nodes.map(({ id }) => id).sort();
  const edges = [...graph.edges].sort((a, b) => (a.id < b.id ? -1 : 1));
  const shape = JSON.stringify([ids, edges.map(({ id, source, target }) => [id, source, target])]);
  return useMemo(() => {
    const layout = layOut(ids, edges);
    return { layout, routes: new Map(edges.map(({ id }, at) => [id, layout.routes[at] ?? []])) };
  }, [shape]);
}

/** Lines with a mark come last, over the others. */
function drawingOrder(edges: readonly GraphEdge[]): readonly GraphEdge[] {
  return [...edges].reverse().sort((a, b) => Number(a.mark !== '') - Number(b.mark !== ''));
}

/** How each part looks while something is chosen: what it touches stays, the rest fades. */
function neighbours(graph: Graph, chosen: Chosen | undefined) {
  if (chosen === undefined) {
    return { node: (): Faintness => 'plain', edge: (): Faintness => 'plain' };
  }
  const touches = ({ id, source, target }: GraphEdge): boolean =>
    chosen.kind === 'edge' ? id === chosen.id : source === chosen.id || target === chosen.id;
  const ends = new Set(graph.edges.filter(touches).flatMap((edge) => [edge.source, edge.target]));
  return {
    node: ({ id }: GraphNode): Faintness => (id === chosen.id || ends.has(id) ? 'near' : 'far'),
    edge: (edge: GraphEdge): Faintness => (touches(edge) ? 'near' : 'far'),
  };
}

function startOf(graph: Graph, layout: Layout): string {
  const order = graph.nodes.map(({ id }) => ({ id, place: layout.places.get(id) }));
  order.sort(
    (a, b) =>
      (a.place?.layer ?? 0) - (b.place?.layer ?? 0) || (a.place?.y ?? 0) - (b.place?.y ?? 0),
  );
  return order[0]?.id ?? '';
}

/** Where an arrow key leads: along an edge to the side, else to the next card above or below. */
function stepFrom(id: string, key: string, graph: Graph, layout: Layout): string | undefined {
  const here = layout.places.get(id);
  if (here === undefined) return undefined;
  const nearest = (ids: readonly string[]): string | undefined => {
    const away = (other: string): number => Math.abs((layout.places.get(other)?.y ?? 0) - here.y);
    return [...ids].sort((a, b) => away(a) - away(b))[0];
  };
  switch (key) {
    case 'ArrowRight':
      return nearest(graph.edges.filter((edge) => edge.source === id).map(({ target }) => target));
    case 'ArrowLeft':
      return nearest(graph.edges.filter((edge) => edge.target === id).map(({ source }) => source));
    case 'ArrowUp':
    case 'ArrowDown': {
      const sign = key === 'ArrowUp' ? -1 : 1;
      const column = graph.nodes.filter((node) => {
        const place = layout.places.get(node.id);
        return place?.layer === here.layer && (place.y - here.y) * sign > 0;
      });
      return nearest(column.map((node) => node.id));
    }
    default:
      return undefined;
  }
}

function Label({ hover, width }: { readonly hover: Hover; readonly width: number }) {
  const { item, name, x, y } = hover;
  const side = x > width / 2 ? { right: `${width - x + 14}px` } : { left: `${x + 14}px` };
  return html`<div class="tooltip" style=${{ ...side, top: `${Math.max(y - 10, 0)}px` }}>
    <p class="tooltip-time">${name}</p>
    <table>${item.stats.map(
      (stat) => html`<tr><td>${stat.name}</td><td class="num">${stat.text}</td></tr>`,
    )}</table>
  </div>`;
}

function nameOf(item: GraphNode | GraphEdge, graph: Graph): string {
  if ('title' in item) return item.title;
  const title = (id: string): string => graph.nodes.find((node) => node.id === id)?.title ?? id;
  return `${title(item.source)} → ${title(item.target)}`;
}

function summary(title: string | undefined, graph: Graph): string {
  const marked = graph.edges.filter(({ mark }) => mark !== '').length;
  return (
    `${title ?? 'Map'}: ${graph.nodes.length} nodes, ${graph.edges.length} edges,` +
    ` ${marked} of them in trouble. Arrows move, Enter shows the neighbours.`
  );
}
