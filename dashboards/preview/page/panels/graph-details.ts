/** The chosen node or edge of a map beside it: numbers, links, and whom it is linked with. */
import type { Graph, GraphEdge, GraphNode } from '../graph-model.ts';
import { html, Icon } from '../html.ts';
import { targetsOf } from './link-menu.ts';

export type Chosen = { readonly kind: 'node' | 'edge'; readonly id: string };

export function GraphDetails(props: {
  readonly graph: Graph;
  readonly chosen: Chosen;
  readonly onChoose: (chosen: Chosen | undefined) => void;
}) {
  const { graph, chosen, onChoose } = props;
  const titles = new Map(graph.nodes.map((node) => [node.id, node.title]));
  const title = (id: string): string => titles.get(id) ?? id;
  const node = graph.nodes.find(({ id }) => chosen.kind === 'node' && id === chosen.id);
  const edge = graph.edges.find(({ id }) => chosen.kind === 'edge' && id === chosen.id);
  const item = node ?? edge;
  if (item === undefined) return null;
  const name =
    edge === undefined ? (node?.title ?? '') : `${title(edge.source)} → ${title(edge.target)}`;
  return html`<aside class="map-details" aria-label="Chosen on the map">
    <div class="details-head"><h4>${name}</h4>
      <button class="quiet" aria-label="Close" onClick=${() => onChoose(undefined)}>
        <${Icon} name="close" /></button></div>
    ${node !== undefined && html`<p class="hint">${node.subtitle}</p>`}
    <dl class="map-facts">${item.stats.map(
      (stat) => html`<div><dt>${stat.name}</dt><dd>${stat.text}</dd></div>`,
    )}</dl>
    <${Links} item=${item} />
    ${node !== undefined && html`<${Neighbours} node=${node} ...${{ graph, title, onChoose }} />`}
    ${
      edge !== undefined &&
      html`<h5>Ends</h5><ul>${[edge.source, edge.target].map(
        (id) => html`<li><button onClick=${() => onChoose({ kind: 'node', id })}>
          ${title(id)}</button></li>`,
      )}</ul>`
    }
  </aside>`;
}

function Links({ item }: { readonly item: GraphNode | GraphEdge }) {
  // Of a database or a stranger there are no requests and traces of its own.
  if (item.row['service'] === '') return null;
  const targets = targetsOf(item.links, { fields: item.row });
  if (targets.length === 0) return null;
  return html`<p class="details-links">${targets.map(
    ({ title, url }) => html`<a href=${url}>${title}</a> `,
  )}</p>`;
}

type NeighboursProps = {
  readonly node: GraphNode;
  readonly graph: Graph;
  readonly title: (id: string) => string;
  readonly onChoose: (chosen: Chosen) => void;
};

function Neighbours({ node, graph, title, onChoose }: NeighboursProps) {
  const list = (heading: string, edges: readonly GraphEdge[], other: 'source' | 'target') =>
    edges.length > 0 &&
    html`<h5>${heading}</h5><ul>${edges.map(
      (edge) => html`<li><button onClick=${() => onChoose({ kind: 'edge', id: edge.id })}>
        ${title(edge[other])}</button>
        <span class=${edge.mark === '' ? 'num' : 'num bad'}>${
          edge.mark === '' ? edge.stats[0]?.text : edge.mark
        }</span></li>`,
    )}</ul>`;
  return html`${list(
    'Called by',
    graph.edges.filter(({ target }) => target === node.id),
    'source',
  )}${list(
    'Calls',
    graph.edges.filter(({ source }) => source === node.id),
    'target',
  )}`;
}
