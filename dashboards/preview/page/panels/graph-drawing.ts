/** A map's parts: a card a node, a line an edge. Trouble has a mark besides its colour. */
import { cardPx, type Place, type Point } from '../graph-layout.ts';
import type { GraphEdge, GraphNode } from '../graph-model.ts';
import { html } from '../html.ts';
import { cssColour, serviceColour } from '../palette.ts';

const ringPx = 13;
const arrowPx = 6;
const titleLettersMax = 17;
/** Width of a letter of a mark, and the room around its text. */
const markLetterPx = 6.4;
const markRoomPx = 12;
const markHeightPx = 16;

/** Outlines for kinds that are no service, around 0, 0. */
const glyphs: Readonly<Record<string, string>> = {
  database: 'M-5-4.5a5 2 0 1 0 10 0a5 2 0 1 0-10 0v9a5 2 0 0 0 10 0v-9M-5 0a5 2 0 0 0 10 0',
  queue: 'M-6-4.5h3.4v9h-3.4zM-1.7-4.5h3.4v9h-3.4zM2.6-4.5h3.4v9h-3.4z',
  external:
    'M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0h12M0-6c-3.5 3.5-3.5 8.500 0 12c3.5-3.5 3.5-8.500 0-12',
};

/** Between texts that stand apart, for those who hear them. */
const space = ' ';

export type Faintness = 'plain' | 'near' | 'far';

export function NodeCard(props: {
  readonly node: GraphNode;
  readonly place: Place;
  readonly look: Faintness;
  readonly chosen: boolean;
  /** Only one card is reached by Tab; arrows lead to the others. */
  readonly reachable: boolean;
}) {
  const { node, place, look, chosen } = props;
  const left = place.x - cardPx.width / 2;
  const top = place.y - cardPx.height / 2;
  const glyph = glyphs[node.subtitle];
  return html`<g class=${`map-node ${look}`} data-node=${node.id} role="button"
    tabindex=${props.reachable ? 0 : -1} aria-pressed=${chosen} aria-label=${nodeText(node)}
    transform=${`translate(${left} ${top})`}>
    <rect class="map-card" width=${cardPx.width} height=${cardPx.height} rx="7" />
    <g transform=${`translate(22 ${cardPx.height / 2})`}>
      <${Ring} arcs=${node.arcs} />
      ${
        glyph === undefined
          ? html`<circle r="6" style=${{ fill: serviceColour(node.title) }} />`
          : html`<path class="map-glyph" d=${glyph} />`
      }
    </g>
    <text class="map-title" x="43" y="18">${shortened(node.title)}</text>${space}
    <text class="map-stat" x="43" y="34">${cardText(node)}</text>${space}
    ${
      node.mark !== '' &&
      html`<${Mark} text=${node.mark} colour="red"
        at=${{ x: cardPx.width - markWidth(node.mark) / 2 + 4, y: -3 }} />`
    }
  </g>`;
}

function nodeText(node: GraphNode): string {
  // What is written on the card comes first, as it is written.
  const seen = [shortened(node.title), cardText(node), node.mark].filter((text) => text !== '');
  const facts = node.stats.map(({ name, text }) => `${name} ${text}`);
  return [seen.join(' '), `${node.subtitle} ${node.title}`, ...facts].join('; ');
}

function cardText(node: GraphNode): string {
  return node.shown.join('  ·  ') || node.subtitle;
}

function shortened(title: string): string {
  return title.length > titleLettersMax ? `${title.slice(0, titleLettersMax - 1)}…` : title;
}

function Ring({ arcs }: { readonly arcs: GraphNode['arcs'] }) {
  let from = 0;
  return html`<circle class="map-ring" r=${ringPx} />${arcs.map(({ share, colour }) => {
    const start = from;
    from += share;
    if (share <= 0) return null;
    // 100 units around; a whole ring has no gap, a part begins at the top.
    return html`<circle class="map-ring" r=${ringPx} pathLength="100" transform="rotate(-90)"
      stroke-dasharray=${`${share * 100} 100`} stroke-dashoffset=${-start * 100}
      style=${{ stroke: cssColour(colour) }} />`;
  })}`;
}

export function EdgeLine(props: {
  readonly edge: GraphEdge;
  readonly route: readonly Point[];
  readonly place: Place | undefined;
  readonly look: Faintness;
  readonly chosen: boolean;
}) {
  const { edge, look, chosen } = props;
  const route = props.route.length > 0 ? props.route : loopAt(props.place);
  if (route.length === 0) return null;
  const { line, arrow } = drawn(route, edge.thicknessPx, props.route.length === 0);
  const colour = edge.colour === undefined ? 'var(--border-strong)' : cssColour(edge.colour);
  const middle = between(route);
  return html`<g class=${`map-edge ${look}${chosen ? ' chosen' : ''}`} data-edge=${edge.id}
    data-mark=${edge.mark} aria-hidden="true">
    <path class="map-hit" d=${line} />
    <path class="map-line" d=${line} style=${{ stroke: colour }}
      stroke-width=${edge.thicknessPx} stroke-dasharray=${edge.dashes || undefined} />
    <path class="map-arrow" d=${arrow} style=${{ fill: colour }} />
    ${
      edge.mark !== '' &&
      html`<${Mark} text=${edge.mark} colour=${edge.colour ?? 'text'} at=${middle} />`
    }
  </g>`;
}

function Mark(props: { readonly text: string; readonly colour: string; readonly at: Point }) {
  const width = markWidth(props.text);
  return html`<g class="map-mark" transform=${`translate(${props.at.x} ${props.at.y})`}>
    <rect x=${-width / 2} y=${-markHeightPx / 2} width=${width} height=${markHeightPx}
      rx=${markHeightPx / 2} style=${{ stroke: cssColour(props.colour) }} />
    <text y="4" style=${{ fill: cssColour(props.colour) }}>${props.text}</text>
  </g>`;
}

function markWidth(text: string): number {
  return text.length * markLetterPx + markRoomPx;
}

/** Curves that leave and arrive level, and the head of the arrow at the end. */
function drawn(
  route: readonly Point[],
  thicknessPx: number,
  isLoop: boolean,
): { readonly line: string; readonly arrow: string } {
  const points = route.map(({ x, y }) => ({ x, y }));
  const tip = points.at(-1)!;
  const ahead = isLoop ? -1 : Math.sign(tip.x - points.at(-2)!.x) || 1;
  const length = arrowPx + thicknessPx;
  const half = arrowPx / 2 + thicknessPx / 2;
  const neck = { x: tip.x - ahead * length, y: tip.y };
  points[points.length - 1] = neck;
  const line = points.reduce((path, { x, y }, index) => {
    if (index === 0) return `M${round(x)} ${round(y)}`;
    const last = points[index - 1]!;
    const bend = isLoop ? 40 : (x - last.x) / 2;
    const [first, second] = isLoop ? [last.x + bend, x + bend] : [last.x + bend, x - bend];
    const numbers = [first, last.y, second, y, x, y].map(round);
    return `${path}C${numbers.join(' ')}`;
  }, '');
  const arrow = `M${round(tip.x)} ${round(tip.y)}L${round(neck.x)} ${round(tip.y - half)}
    L${round(neck.x)} ${round(tip.y + half)}Z`;
  return { line, arrow };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** A call to oneself: out of the right side and back into it. */
function loopAt(place: Place | undefined): readonly Point[] {
  if (place === undefined) return [];
  const x = place.x + cardPx.width / 2;
  return [
    { x, y: place.y - 12 },
    { x, y: place.y + 12 },
  ];
}

function between(route: readonly Point[]): Point {
  const at = Math.max(1, Math.floor(route.length / 2));
  const [a, b] = [route[at - 1]!, route[at]!];
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
