/**
 * The picture of the actors, drawn from what the example `kubernetes` renders: a box a workload, an
 * arrow where one's configuration names another's Service. What is not rendered (applications, the
 * API server, nodes, people) stands around it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderSystem } from '../cli/render/system.ts';
import { isWorkload, type KubernetesObject, templateOf, type Workload } from '../k8s/objects.ts';
import { loadStack } from '../stack/load.ts';
import { examplesDir } from './examples.ts';

export const actorsFile = 'docs/images/actors.svg';

type Box = {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly column: number;
  /** Ours to render; else it is there already. */
  readonly rendered: boolean;
};
type Arrow = { readonly from: string; readonly to: string; readonly text: string };
type Placed = Box & { readonly x: number; readonly y: number };

const columnOf: Readonly<Record<string, number>> = {
  sampler: 2,
  gateway: 3,
  clickhouse: 4,
  grafana: 5,
};
const agentColumn = 1;
/** From top to bottom, so that the arrows to them cross little. */
const agentOrder = [
  'node-agent',
  'ebpf',
  'cluster-agent',
  'kube-state-metrics',
  'prometheus-agent',
];

const around: readonly Box[] = [
  {
    id: 'applications',
    title: 'Applications',
    text: 'OTLP by any SDK',
    column: 0,
    rendered: false,
  },
  { id: 'nodes', title: 'Nodes', text: 'pod logs, kubelet, /proc', column: 0, rendered: false },
  { id: 'api', title: 'API server', text: 'objects, events', column: 0, rendered: false },
  { id: 'targets', title: 'Prometheus targets', text: '/metrics', column: 0, rendered: false },
];

/** Where each agent looks; the rest follows from its configuration. */
const sources: readonly Arrow[] = [
  { from: 'applications', to: 'node-agent', text: 'OTLP' },
  { from: 'nodes', to: 'node-agent', text: 'reads' },
  { from: 'nodes', to: 'ebpf', text: 'eBPF' },
  { from: 'api', to: 'cluster-agent', text: 'watches' },
  { from: 'api', to: 'kube-state-metrics', text: 'watches' },
  { from: 'targets', to: 'prometheus-agent', text: 'scrapes' },
  { from: 'kube-state-metrics', to: 'prometheus-agent', text: 'scrapes' },
];

const boxWidth = 168;
const boxHeight = 52;
const columnWidth = 232;
const rowHeight = 82;
const margin = 24;
const head = 56;

export function actorsSvg(): string {
  const text = readFileSync(join(examplesDir, 'kubernetes/obs.yaml'), 'utf8');
  const result = loadStack(text, 'obs.yaml');
  if ('faults' in result) throw new Error(result.faults.map(({ message }) => message).join('\n'));
  const { objects } = renderSystem(result.stack);
  const workloads = objects.filter(isWorkload).filter(({ kind }) => !/Job$/.test(kind));
  const agents = workloads
    .map(boxOf)
    .toSorted((a, b) => agentOrder.indexOf(a.id) - agentOrder.indexOf(b.id));
  const boxes = placed([...around, ...agents]);
  const known = new Set(boxes.map(({ id }) => id));
  const arrows = [...sources, ...arrowsOf(objects, workloads)].filter(
    ({ from, to }) => known.has(from) && known.has(to) && from !== to,
  );
  return drawing(boxes, arrows);
}

function componentOf(object: KubernetesObject): string {
  return object.metadata.labels['app.kubernetes.io/component'] ?? '';
}

function boxOf(workload: Workload): Box {
  const id = componentOf(workload);
  const { kind } = workload;
  const replicas = 'replicas' in workload.spec ? ` × ${workload.spec.replicas}` : '';
  const where = kind === 'DaemonSet' ? 'on every node' : `${kind}${replicas}`;
  return { id, title: id, text: where, column: columnOf[id] ?? agentColumn, rendered: true };
}

/** From the Services that a workload's files and variables name. */
function arrowsOf(objects: readonly KubernetesObject[], workloads: readonly Workload[]): Arrow[] {
  const names = workloads.map(
    (workload) => [workload.metadata.name, componentOf(workload)] as const,
  );
  const found: Arrow[] = [];
  for (const workload of workloads) {
    const from = componentOf(workload);
    const own = objects.filter(
      (object) => object.kind === 'ConfigMap' && object.metadata.name === workload.metadata.name,
    );
    const said = JSON.stringify([templateOf(workload).spec, ...own]);
    for (const [service, to] of names) {
      if (!new RegExp(`[/ "]${service}\\.[a-z-]+\\.svc`).test(said)) continue;
      found.push(directed(from, to));
    }
  }
  return found;
}

/** Grafana and scrapers ask; everybody else sends. Telemetry flows to the right. */
function directed(from: string, to: string): Arrow {
  if (to === 'kube-state-metrics') return { from: to, to: from, text: 'scraped' };
  if (from === 'grafana') return { from: to, to: from, text: 'SQL' };
  return { from, to, text: to === 'clickhouse' ? 'inserts' : 'OTLP' };
}

function placed(boxes: readonly Box[]): readonly Placed[] {
  const columns = Map.groupBy(boxes, ({ column }) => column);
  const rows = Math.max(...[...columns.values()].map(({ length }) => length));
  return [...columns.values()].flatMap((column) =>
    column.map((box, row) => ({
      ...box,
      x: margin + box.column * columnWidth,
      // The sampler stands beside the node-agent: only spans turn off there.
      y: head + (row + (box.id === 'sampler' ? 0 : (rows - column.length) / 2)) * rowHeight,
    })),
  );
}

function drawing(boxes: readonly Placed[], arrows: readonly Arrow[]): string {
  const width = Math.max(...boxes.map(({ x }) => x)) + boxWidth + margin;
  const height = Math.max(...boxes.map(({ y }) => y)) + boxHeight + margin;
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const lines = arrows.map((arrow, index) =>
    // Of several to one box the first alone is labelled.
    arrowSvg(
      arrow,
      byId,
      arrows.findIndex((one) => one.to === arrow.to && one.text === arrow.text) === index,
    ),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img"`,
    `  aria-label="${describe(arrows)}" font-family="system-ui, sans-serif" font-size="13">`,
    '<style>rect{fill:#fff;stroke:#5b6b7b}.there{fill:#f1f3f5;stroke-dasharray:4 3}' +
      'text{fill:#1c2733}' +
      '.small{font-size:11px;fill:#52606d}path{fill:none;stroke:#8a97a5}</style>',
    '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"' +
      ' orient="auto"><path d="M0 0 8 4 0 8z" style="fill:#8a97a5;stroke:none"/></marker></defs>',
    `<rect width="${width}" height="${height}" style="stroke:none"/>`,
    `<text x="${margin}" y="28">Dashed: there already. Solid: rendered from one stack file.</text>`,
    ...lines,
    ...boxes.map(boxSvg),
    '</svg>',
    '',
  ].join('\n');
}

function boxSvg({ x, y, title, text, rendered }: Placed): string {
  const style = rendered ? '' : ' class="there"';
  const middle = x + boxWidth / 2;
  return [
    `<rect${style} x="${x}" y="${y}" width="${boxWidth}" height="${boxHeight}" rx="6"/>`,
    `<text x="${middle}" y="${y + 22}" text-anchor="middle">${title}</text>`,
    `<text class="small" x="${middle}" y="${y + 40}" text-anchor="middle">${text}</text>`,
  ].join('');
}

/** Leaves a box at its right side; within a column it goes round by the right. */
function arrowSvg(
  { from, to, text }: Arrow,
  boxes: ReadonlyMap<string, Placed>,
  labelled: boolean,
): string {
  const a = boxes.get(from);
  const b = boxes.get(to);
  if (a === undefined || b === undefined) return '';
  const [x1, y1, y2] = [a.x + boxWidth, a.y + boxHeight / 2, b.y + boxHeight / 2];
  const same = a.column === b.column;
  const x2 = same ? b.x + boxWidth : b.x;
  const bend = same ? x1 + 34 : (x1 + x2) / 2;
  // Near its end, where arrows lie apart.
  const labelX = same ? bend + 2 : x2 - 34;
  const labelY = same ? (y1 + y2) / 2 : y2 - 5 + (y1 - y2) * 0.12;
  const line = `M${x1} ${y1}C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}`;
  const path = `<path d="${line}" marker-end="url(#end)"/>`;
  if (!labelled) return path;
  return (
    path +
    `<text class="small" x="${labelX}" y="${labelY.toFixed(1)}" text-anchor="middle">${text}</text>`
  );
}

/** For those who hear the picture. */
function describe(arrows: readonly Arrow[]): string {
  return arrows.map(({ from, to, text }) => `${from} to ${to}: ${text}`).join('; ');
}
