/**
 * Places the nodes of a directed graph in layers from left to right, callers before the called.
 * The answer follows from the names of nodes and edges alone, so that a refresh moves nothing. The
 * steps are the usual ones (Sugiyama): turn the edges that close a circle, layer by longest path,
 * order by barycentres, then straighten by least squares. Pure.
 */

export type LayoutEdge = { readonly source: string; readonly target: string };

export type Point = { readonly x: number; readonly y: number };

export type Place = { readonly layer: number; readonly x: number; readonly y: number };

export type Layout = {
  /** Centre of each node. */
  readonly places: ReadonlyMap<string, Place>;
  /** For each edge, in the order given, where it passes, both ends included. */
  readonly routes: readonly (readonly Point[])[];
  readonly width: number;
  readonly height: number;
};

export const cardPx = { width: 178, height: 44 } as const;
const layerGapPx = 116;
const rowGapPx = 16;
/** Room between an edge that passes a layer and what is beside it. */
const passGapPx = 9;
const orderSweeps = 12;
const placeSweeps = 10;
/** How far the ends of edges are apart on a node's side, and at most in all. */
const portGapPx = 7;
const portRangePx = 30;
const looseColumnsMin = 5;

/** A node, or the place where a long edge passes a layer. */
type Spot = {
  readonly id: string;
  readonly layer: number;
  readonly pass: boolean;
  readonly before: Spot[];
  readonly after: Spot[];
  y: number;
};

export function layOut(ids: readonly string[], edges: readonly LayoutEdge[]): Layout {
  const known = new Set(ids);
  const real = edges.filter(
    ({ source, target }) => source !== target && known.has(source) && known.has(target),
  );
  const linked = new Set(real.flatMap(({ source, target }) => [source, target]));
  const sorted = [...linked].sort();
  const forward = withoutCircles(sorted, real);
  const layerOf = layersOf(sorted, forward);
  const { layers, chains } = spotsOf(sorted, forward, layerOf);
  orderLayers(layers);
  placeLayers(layers);
  const places = new Map<string, Place>();
  const x = (layer: number): number => layer * (cardPx.width + layerGapPx) + cardPx.width / 2;
  for (const spot of layers.flat()) {
    if (!spot.pass) places.set(spot.id, { layer: spot.layer, x: x(spot.layer), y: spot.y });
  }
  placeLoose(ids.filter((id) => !linked.has(id)).sort(), places, layers.length);
  const all = [...places.values()];
  return {
    places,
    routes: routesOf(edges, chains, places, x),
    width: Math.max(...all.map((place) => place.x), 0) + cardPx.width / 2,
    height: Math.max(...all.map((place) => place.y), 0) + cardPx.height / 2,
  };
}

const keyOf = ({ source, target }: LayoutEdge): string => `${source}\u0000${target}`;

/** Edges without repeats, those that would close a circle turned round. */
function withoutCircles(ids: readonly string[], edges: readonly LayoutEdge[]): LayoutEdge[] {
  const after = new Map(ids.map((id) => [id, new Set<string>()]));
  const incoming = new Map(ids.map((id) => [id, 0]));
  for (const { source, target } of edges) {
    if (after.get(source)?.has(target)) continue;
    after.get(source)?.add(target);
    incoming.set(target, (incoming.get(target) ?? 0) + 1);
  }
  const excess = (id: string): number => (after.get(id)?.size ?? 0) - (incoming.get(id) ?? 0);
  // Those that nobody calls first, then those that call more than they are called.
  const starts = [...ids].sort(
    (a, b) =>
      Number((incoming.get(a) ?? 0) > 0) - Number((incoming.get(b) ?? 0) > 0) ||
      excess(b) - excess(a) ||
      compare(a, b),
  );
  const state = new Map<string, 'open' | 'done'>();
  const out = new Map<string, LayoutEdge>();
  const visit = (start: string): void => {
    const stack = [{ id: start, next: [...(after.get(start) ?? [])].sort() }];
    state.set(start, 'open');
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const target = top.next.shift();
      if (target === undefined) {
        state.set(top.id, 'done');
        stack.pop();
        continue;
      }
      const closes = state.get(target) === 'open';
      const edge = closes ? { source: target, target: top.id } : { source: top.id, target };
      out.set(keyOf(edge), edge);
      if (state.has(target)) continue;
      state.set(target, 'open');
      stack.push({ id: target, next: [...(after.get(target) ?? [])].sort() });
    }
  };
  for (const id of starts) if (!state.has(id)) visit(id);
  return [...out.values()].sort((a, b) => compare(keyOf(a), keyOf(b)));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Longest path from the left; who is called by nobody stands right before whom it calls. */
function layersOf(
  ids: readonly string[],
  edges: readonly LayoutEdge[],
): ReadonlyMap<string, number> {
  const layer = new Map(ids.map((id) => [id, 0]));
  const at = (id: string): number => layer.get(id) ?? 0;
  for (let round = 0; round < ids.length; round += 1) {
    const late = edges.filter(({ source, target }) => at(target) <= at(source));
    if (late.length === 0) break;
    for (const { source, target } of late) layer.set(target, Math.max(at(target), at(source) + 1));
  }
  const called = new Set(edges.map(({ target }) => target));
  for (const id of ids) {
    if (called.has(id)) continue;
    const next = edges.filter(({ source }) => source === id).map(({ target }) => at(target));
    if (next.length > 0) layer.set(id, Math.min(...next) - 1);
  }
  return layer;
}

function spotsOf(
  ids: readonly string[],
  edges: readonly LayoutEdge[],
  layerOf: ReadonlyMap<string, number>,
): { readonly layers: Spot[][]; readonly chains: ReadonlyMap<string, readonly Spot[]> } {
  const layers: Spot[][] = [];
  const add = (id: string, layer: number, pass: boolean): Spot => {
    const spot: Spot = { id, layer, pass, before: [], after: [], y: 0 };
    while (layers.length <= layer) layers.push([]);
    layers[layer]?.push(spot);
    return spot;
  };
  const nodes = new Map(ids.map((id) => [id, add(id, layerOf.get(id) ?? 0, false)]));
  const chains = new Map<string, readonly Spot[]>();
  for (const edge of edges) {
    const [from, to] = [nodes.get(edge.source)!, nodes.get(edge.target)!];
    const chain = [from];
    for (let layer = from.layer + 1; layer < to.layer; layer += 1) {
      chain.push(add(keyOf(edge), layer, true));
    }
    chain.push(to);
    for (let step = 1; step < chain.length; step += 1) {
      chain[step - 1]!.after.push(chain[step]!);
      chain[step]!.before.push(chain[step - 1]!);
    }
    chains.set(keyOf(edge), chain);
  }
  return { layers, chains };
}

/** Sweeps to and fro and keeps the order with the fewest crossings. */
function orderLayers(layers: Spot[][]): void {
  const rank = (): void => {
    for (const layer of layers) numberSpots(layer);
  };
  rank();
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(layers);
  for (let sweep = 0; sweep < orderSweeps && fewest > 0; sweep += 1) {
    const ahead = sweep % 2 === 0;
    for (const layer of ahead ? layers : [...layers].reverse()) {
      const wanted = new Map(
        layer.map((spot) => [spot, mean(ahead ? spot.before : spot.after) ?? spot.y]),
      );
      layer.sort((a, b) => wanted.get(a)! - wanted.get(b)! || a.y - b.y);
      numberSpots(layer);
    }
    const now = crossings(layers);
    if (now < fewest) {
      fewest = now;
      best = layers.map((layer) => [...layer]);
    }
  }
  layers.splice(0, layers.length, ...best);
  rank();
}

function numberSpots(layer: readonly Spot[]): void {
  layer.forEach((spot, index) => {
    spot.y = index;
  });
}

function mean(spots: readonly Spot[]): number | undefined {
  if (spots.length === 0) return undefined;
  return spots.reduce((sum, spot) => sum + spot.y, 0) / spots.length;
}

function crossings(layers: readonly (readonly Spot[])[]): number {
  let count = 0;
  for (const layer of layers) {
    const ends = layer.flatMap((spot) => spot.after.map((next) => [spot.y, next.y] as const));
    for (let one = 0; one < ends.length; one += 1) {
      for (let two = one + 1; two < ends.length; two += 1) {
        const [a, b] = [ends[one]!, ends[two]!];
        if ((a[0] - b[0]) * (a[1] - b[1]) < 0) count += 1;
      }
    }
  }
  return count;
}

/** Heights that keep the order and the room between, and bend edges as little as possible. */
function placeLayers(layers: readonly (readonly Spot[])[]): void {
  const room = (a: Spot, b: Spot): number =>
    (a.pass ? passGapPx : (cardPx.height + rowGapPx) / 2) +
    (b.pass ? passGapPx : (cardPx.height + rowGapPx) / 2);
  for (const layer of layers) {
    let y = 0;
    layer.forEach((spot, index) => {
      y += index === 0 ? 0 : room(layer[index - 1]!, spot);
      spot.y = y;
    });
    for (const spot of layer) spot.y -= y / 2;
  }
  for (let sweep = 0; sweep < placeSweeps; sweep += 1) {
    for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      const wanted = layer.map((spot) => mean([...spot.before, ...spot.after]) ?? spot.y);
      const gaps = layer.slice(1).map((spot, index) => room(layer[index]!, spot));
      spreadOut(wanted, gaps).forEach((y, index) => {
        layer[index]!.y = y;
      });
    }
  }
  const top = Math.min(...layers.flat().map((spot) => spot.y));
  for (const spot of layers.flat()) spot.y += cardPx.height / 2 - top;
}

/** The heights nearest to `wanted` (least squares) that are at least `gaps` apart. */
export function spreadOut(wanted: readonly number[], gaps: readonly number[]): number[] {
  let offset = 0;
  const offsets = wanted.map((_, index) => {
    offset += index === 0 ? 0 : gaps[index - 1]!;
    return offset;
  });
  // Without the gaps the task is to make a list ascending: neighbours out of order share a mean.
  const blocks: { sum: number; count: number }[] = [];
  wanted.forEach((value, index) => {
    let block = { sum: value - offsets[index]!, count: 1 };
    for (let last = blocks.at(-1); last !== undefined; last = blocks.at(-1)) {
      if (last.sum / last.count <= block.sum / block.count) break;
      block = { sum: last.sum + block.sum, count: last.count + block.count };
      blocks.pop();
    }
    blocks.push(block);
  });
  const flat = blocks.flatMap(({ sum, count }) => new Array<number>(count).fill(sum / count));
  return flat.map((value, index) => value + offsets[index]!);
}

/** Nodes without an edge stand below, in rows. */
function placeLoose(ids: readonly string[], places: Map<string, Place>, layers: number): void {
  const columns = Math.max(layers, looseColumnsMin);
  const bottom = Math.max(...[...places.values()].map((place) => place.y), -cardPx.height);
  const gapPx = places.size === 0 ? cardPx.height * 1.5 : cardPx.height + rowGapPx * 3;
  ids.forEach((id, index) => {
    const layer = index % columns;
    const row = Math.floor(index / columns);
    places.set(id, {
      layer,
      x: layer * (cardPx.width + layerGapPx) + cardPx.width / 2,
      y: bottom + gapPx + row * (cardPx.height + rowGapPx),
    });
  });
}

function routesOf(
  edges: readonly LayoutEdge[],
  chains: ReadonlyMap<string, readonly Spot[]>,
  places: ReadonlyMap<string, Place>,
  x: (layer: number) => number,
): Layout['routes'] {
  const ports = portsOf(edges, places);
  return edges.map((edge, index) => {
    const [from, to] = [places.get(edge.source), places.get(edge.target)];
    if (from === undefined || to === undefined || from === to) return [];
    const turned = from.layer > to.layer;
    const key = turned ? keyOf({ source: edge.target, target: edge.source }) : keyOf(edge);
    const chain = chains.get(key) ?? [];
    // Straight past the cards of a layer, bent only between layers.
    const passes = chain.slice(1, -1).flatMap((spot) => [
      { x: x(spot.layer) - cardPx.width / 2, y: spot.y },
      { x: x(spot.layer) + cardPx.width / 2, y: spot.y },
    ]);
    if (turned) passes.reverse();
    const side = (turned ? -1 : 1) * (cardPx.width / 2);
    return [
      { x: from.x + side, y: from.y + (ports.get(`${index} from`) ?? 0) },
      ...passes,
      { x: to.x - side, y: to.y + (ports.get(`${index} to`) ?? 0) },
    ];
  });
}

/** Ends that share a side of a node, spread along it in the order of where they lead. */
function portsOf(
  edges: readonly LayoutEdge[],
  places: ReadonlyMap<string, Place>,
): ReadonlyMap<string, number> {
  const sides = new Map<string, { readonly port: string; readonly other: number }[]>();
  const add = (id: string, side: string, port: string, other: number): void => {
    const key = `${id}\u0000${side}`;
    sides.set(key, [...(sides.get(key) ?? []), { port, other }]);
  };
  edges.forEach(({ source, target }, index) => {
    const [from, to] = [places.get(source), places.get(target)];
    if (from === undefined || to === undefined || from === to) return;
    const ahead = from.layer < to.layer;
    add(source, ahead ? 'right' : 'left', `${index} from`, to.y);
    add(target, ahead ? 'left' : 'right', `${index} to`, from.y);
  });
  const ports = new Map<string, number>();
  for (const ends of sides.values()) {
    const gap = Math.min(portGapPx, portRangePx / Math.max(ends.length - 1, 1));
    ends
      .sort((a, b) => a.other - b.other)
      .forEach(({ port }, index) => {
        ports.set(port, (index - (ends.length - 1) / 2) * gap);
      });
  }
  return ports;
}
