/** Rows and columns: sorted by a click on the head, digits under digits, values that lead on. */
import { useMemo, useState } from 'preact/hooks';
import { displayText, mapped, settingsOf, thresholdColour } from '../fields.ts';
import { columnFormatter, isMomentUnit } from '../format.ts';
import type { Field, Frame } from '../frames.ts';
import { html } from '../html.ts';
import type { FieldSettings } from '../model.ts';
import { cssColour, serviceColour } from '../palette.ts';
import type { PanelProps } from '../panel-box.ts';
import { zone } from '../state.ts';
import { formatMomentMs } from '../time.ts';
import { Linked, targetsOf } from './link-menu.ts';
import { Sparkline } from './sparkline.ts';

const rowsShownMax = 1000;

type Column = {
  readonly field: Field;
  readonly settings: FieldSettings;
  readonly title: string;
  readonly numeric: boolean;
  readonly format: (value: unknown) => string;
  readonly most: number;
};

type Sort = { readonly name: string; readonly down: boolean } | undefined;

export function TablePanel({ panel, data }: PanelProps) {
  const [sort, setSort] = useState<Sort>(undefined);
  const frame = data.frames[0]!;
  const shownZone = zone.value;
  const columns = useMemo(
    () =>
      frame.fields
        .map((field) => columnOf(field, settingsOf(panel, field.name)))
        .filter((column) => column.settings.custom?.['hidden'] !== true),
    [frame, shownZone],
  );
  const rows = useMemo(() => sortedRows(frame, sort), [frame, sort]);
  const onSort = (name: string) =>
    setSort(
      sort?.name !== name ? { name, down: true } : sort.down ? { name, down: false } : undefined,
    );
  return html`<div class="scroll-x table-box" tabindex="0" role="region" aria-label=${panel.title}>
    <table class="data">
      <thead><tr>${columns.map(({ field, title, numeric, settings }) => {
        const state = sort?.name === field.name ? (sort.down ? 'descending' : 'ascending') : 'none';
        const width = settings.custom?.['width'];
        return html`<th scope="col" class=${numeric ? 'num' : ''} aria-sort=${state}
          style=${typeof width === 'number' ? { width: `${width}px` } : {}}>
          <button onClick=${() => onSort(field.name)}>${title}<span class="sort"
            aria-hidden="true">${
              state === 'none' ? '' : state === 'descending' ? '↓' : '↑'
            }</span></button></th>`;
      })}</tr></thead>
      <tbody>${rows
        .slice(0, rowsShownMax)
        .map(
          (row) =>
            html`<tr key=${row}>${columns.map(
              (column) => html`<${Cell} column=${column} frame=${frame} row=${row} />`,
            )}</tr>`,
        )}</tbody>
    </table>
    ${
      rows.length > rowsShownMax &&
      html`<p class="hint">
      ${rows.length} rows, the first ${rowsShownMax} shown; the CSV has all.</p>`
    }
  </div>`;
}

function columnOf(field: Field, settings: FieldSettings): Column {
  const numbers = field.values.filter((value): value is number => typeof value === 'number');
  const moment = field.kind === 'time' || isMomentUnit(settings.unit);
  const format = moment
    ? (value: unknown) => (value === null ? '–' : formatMomentMs(Number(value), zone.value))
    : numberFormat(field, settings, numbers);
  return {
    field,
    settings,
    title: settings.displayName ?? field.name,
    numeric: field.kind === 'number' && !moment,
    format,
    most: settings.max ?? Math.max(...numbers, 0),
  };
}

function numberFormat(
  field: Field,
  settings: FieldSettings,
  numbers: readonly number[],
): (value: unknown) => string {
  if (field.kind !== 'number') return (value) => textOf(value, settings);
  const each = columnFormatter(numbers, settings.unit ?? 'none', settings.decimals);
  return (value) => {
    if (typeof value !== 'number' || mapped(value, settings) !== undefined) {
      return displayText(value, settings);
    }
    const { text, suffix } = each(value);
    return text + suffix;
  };
}

function textOf(value: unknown, settings: FieldSettings): string {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return displayText(value, settings);
}

/** A line through the numbers of an array; its title says from where to where. */
function TrendCell(props: { readonly values: readonly unknown[]; readonly column: Column }) {
  const { settings } = props.column;
  const values = props.values.map((value) => (typeof value === 'number' ? value : null));
  const present = values.filter((value) => value !== null);
  const text = (value: number): string => displayText(value, settings);
  const title =
    present.length === 0
      ? 'no values'
      : `${text(Math.min(...present))} to ${text(Math.max(...present))}` +
        `, at last ${text(present.at(-1)!)}`;
  const colour = cssColour(settings.color?.fixedColor ?? 'blue');
  return html`<td class="trend" title=${title}><span class="visually-hidden">${title}</span>
    <${Sparkline} values=${values} colour=${colour} /></td>`;
}

function Cell(props: { readonly column: Column; readonly frame: Frame; readonly row: number }) {
  const { field, settings, numeric, format, most } = props.column;
  const value = field.values[props.row] ?? null;
  const text = format(value);
  const number = typeof value === 'number' ? value : null;
  const cell = settings.custom?.['cellOptions'] as { readonly type?: string } | undefined;
  if (cell?.type === 'sparkline' && Array.isArray(value)) {
    return html`<${TrendCell} values=${value} column=${props.column} />`;
  }
  const coloured = cell?.type === 'color-text' || cell?.type === 'gauge';
  const name =
    mapped(value, settings)?.color ??
    (coloured ? thresholdColour(number, settings.thresholds) : undefined);
  const links = settings.links ?? [];
  const targets =
    links.length === 0 || text === ''
      ? []
      : targetsOf(links, {
          fields: rowFields(props.frame, props.row),
          value: { raw: value, text },
        });
  const service = /^service$/i.test(field.name) && typeof value === 'string' && value !== '';
  const style = name === undefined ? {} : { color: cssColour(name) };
  const share = Math.min(Math.max(((number ?? 0) / (most || 1)) * 100, 0), 100);
  return html`<td class=${numeric ? 'num' : field.kind === 'time' ? 'moment' : ''} style=${style}
    title=${text}>
    ${
      service &&
      html`<span class="dot" style=${{ background: serviceColour(String(value)) }}>
      </span>`
    }
    ${
      cell?.type === 'gauge'
        ? html`<span class="cell-bar"><span class="cell-track"><span
          style=${{ width: `${share}%`, background: cssColour(name ?? 'blue') }}></span></span>
          <span>${text}</span></span>`
        : html`<${Linked} targets=${targets}>${text}<//>`
    }
  </td>`;
}

function rowFields(frame: Frame, row: number): Readonly<Record<string, unknown>> {
  return Object.fromEntries(frame.fields.map((field) => [field.name, field.values[row]]));
}

function sortedRows(frame: Frame, sort: Sort): readonly number[] {
  const rows = Array.from({ length: frame.length }, (_, row) => row);
  const values = frame.fields.find((field) => field.name === sort?.name)?.values;
  if (sort === undefined || values === undefined) return rows;
  const sign = sort.down ? -1 : 1;
  return rows.sort((a, b) => sign * compare(orderOf(values[a]), orderOf(values[b])) || a - b);
}

/** Of an array its last value: where the line ends. */
function orderOf(value: unknown): unknown {
  return Array.isArray(value) ? value.findLast((point) => point !== null) : value;
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (a === null || a === undefined) return b === null || b === undefined ? 0 : -1;
  if (b === null || b === undefined) return 1;
  return String(a).localeCompare(String(b));
}
