/** Names under a chart: a click shows one alone, Ctrl-click adds or removes, the table sorts. */
import { useState } from 'preact/hooks';
import { displayText } from '../fields.ts';
import { reduce } from '../frames.ts';
import { html, Icon } from '../html.ts';
import type { ChartSeries } from './chart.ts';
import { Linked } from './link-menu.ts';

const calcs = ['mean', 'max', 'last'] as const;

type Props = {
  readonly series: readonly ChartSeries[];
  readonly hidden: ReadonlySet<string>;
  readonly onChange: (hidden: ReadonlySet<string>) => void;
};

export function Legend(props: Props) {
  const [asTable, setAsTable] = useState(false);
  const { series } = props;
  if (series.length === 0) return null;
  return html`<div class=${asTable ? 'legend as-table' : 'legend'}>
    ${
      asTable
        ? html`<${LegendTable} ...${props} />`
        : html`<ul>${series.map(
            (each) => html`<li key=${each.name}><${Name} ...${props} each=${each} /></li>`,
          )}</ul>`
    }
    <button class="quiet" aria-pressed=${asTable} title="Legend with numbers"
      aria-label="Legend with numbers"
      onClick=${() => setAsTable(!asTable)}><${Icon} name="menu" /></button>
  </div>`;
}

function Name({ series, hidden, onChange, each }: Props & { readonly each: ChartSeries }) {
  const off = hidden.has(each.name);
  const act = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) {
      const next = new Set(hidden);
      if (!next.delete(each.name)) next.add(each.name);
      return onChange(next.size === series.length ? new Set() : next);
    }
    const alone = !off && hidden.size === series.length - 1;
    onChange(
      alone
        ? new Set()
        : new Set(series.map(({ name }) => name).filter((name) => name !== each.name)),
    );
  };
  return html`<span class="legend-item"><button class=${off ? 'off' : ''} aria-pressed=${!off}
    title=${each.name} onClick=${act}>
    <span class="swatch" style=${{ background: each.colour }}></span>${each.name}</button>
    ${
      each.targets.length > 0 &&
      html`<${Linked} targets=${each.targets.slice(0, 1)}
      class="legend-link">↗<span class="visually-hidden">${each.targets[0]?.title} ${each.name}
      </span><//>`
    }</span>`;
}

type Sort = { readonly by: 'name' | (typeof calcs)[number]; readonly down: boolean };

function LegendTable(props: Props) {
  const [sort, setSort] = useState<Sort>({ by: 'max', down: true });
  const rows = props.series.map((each) => ({
    each,
    mean: reduce(each.values, 'mean'),
    max: reduce(each.values, 'max'),
    last: reduce(each.values, 'lastNotNull'),
  }));
  rows.sort((a, b) => {
    const order =
      sort.by === 'name'
        ? a.each.name.localeCompare(b.each.name)
        : (a[sort.by] ?? Number.NEGATIVE_INFINITY) - (b[sort.by] ?? Number.NEGATIVE_INFINITY);
    return sort.down ? -order : order;
  });
  const head = (by: Sort['by']) => {
    const state = sort.by === by ? (sort.down ? 'descending' : 'ascending') : 'none';
    return html`<th scope="col" class=${by === 'name' ? '' : 'num'} aria-sort=${state}>
      <button onClick=${() => setSort({ by, down: sort.by === by ? !sort.down : by !== 'name' })}>
        ${by}</button></th>`;
  };
  return html`<table class="data"><thead><tr>${head('name')}${calcs.map(head)}</tr></thead>
    <tbody>${rows.map(
      (row) => html`<tr key=${row.each.name}><td><${Name} ...${props} each=${row.each} /></td>
        ${calcs.map(
          (calc) => html`<td class="num">${displayText(row[calc], row.each.settings)}
          </td>`,
        )}</tr>`,
    )}</tbody></table>`;
}
