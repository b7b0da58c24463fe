/** The variables of a dashboard: text boxes, choices, and lists found in the data. */
import { useEffect, useState } from 'preact/hooks';
import { fetchRows, isFault } from './api.ts';
import { html, Icon } from './html.ts';
import type { Dashboard, Variable } from './model.ts';
import { Popup } from './popup.ts';
import { change, firstChoices, span, tick, variables } from './state.ts';
import { bucketWidthMs } from './time.ts';
import {
  allValue,
  type Choice,
  choicesOf,
  dependsOn,
  fixedChoices,
  needsFirstChoice,
  usedVariables,
  variableSql,
} from './variables.ts';

const choicesShownMax = 300;

export function VariableBar({ dashboard }: { readonly dashboard: Dashboard }) {
  const list = usedVariables(dashboard.templating.list).filter((each) => each.hide !== 2);
  if (list.length === 0) return null;
  return html`<div class="variables" role="group" aria-label="Filters">
    ${list.map(
      (variable) => html`<${OneVariable} key=${`${dashboard.uid}/${variable.name}`}
        dashboard=${dashboard} variable=${variable} />`,
    )}
  </div>`;
}

type Props = { readonly dashboard: Dashboard; readonly variable: Variable };

function OneVariable({ dashboard, variable }: Props) {
  const label = variable.label ?? variable.name;
  if (variable.type === 'textbox')
    return html`<${TextVariable} variable=${variable} label=${label} />`;
  if (variable.type === 'custom' && variable.multi !== true) {
    return html`<label class="variable" title=${variable.description}><span>${label}</span>
      <select value=${variables.value[variable.name]} onChange=${(event: Event) =>
        set(variable, (event.target as HTMLSelectElement).value)}>
        ${fixedChoices(variable).map(
          (each) => html`<option value=${each.value}>${each.text}
          </option>`,
        )}
      </select></label>`;
  }
  return html`<${ListVariable} dashboard=${dashboard} variable=${variable} label=${label} />`;
}

function set(variable: Variable, value: string | readonly string[]): void {
  change({ variables: { [variable.name]: value } });
}

function TextVariable({
  variable,
  label,
}: {
  readonly variable: Variable;
  readonly label: string;
}) {
  const value = String(variables.value[variable.name] ?? '');
  const take = (event: Event) => {
    const next = (event.target as HTMLInputElement).value;
    if (next !== value) set(variable, next);
  };
  return html`<label class="variable" title=${variable.description}><span>${label}</span>
    <input type="search" value=${value} placeholder="any" spellcheck=${false} onChange=${take}
      onKeyDown=${(event: KeyboardEvent) => event.key === 'Enter' && take(event)} /></label>`;
}

/** Choices of a list, asked again with the range and whenever a variable in its query changes. */
function useChoices(dashboard: Dashboard, variable: Variable): readonly Choice[] | string {
  const [choices, setChoices] = useState<readonly Choice[] | string>(fixedChoices(variable));
  const sql = variableSql(variable) ?? '';
  const names = dependsOn(sql, Object.keys(variables.value));
  const key = JSON.stringify(names.map((name) => variables.value[name]));
  const minute = Math.floor(tick.value / 6);
  const width = span.value.toMs - span.value.fromMs;
  useEffect(() => {
    if (sql === '') return;
    const abort = new AbortController();
    const { fromMs, toMs } = span.value;
    const scope = {
      fromMs,
      toMs,
      intervalMs: bucketWidthMs(width, 300),
      variables: variables.value,
    };
    fetchRows({ dashboard: dashboard.uid, variable: variable.name, scope }, abort.signal).then(
      (answer) => {
        const found = choicesOf(answer);
        setChoices(found);
        if (needsFirstChoice(variable)) {
          const first = found[0]?.value ?? '';
          firstChoices.value = { ...firstChoices.value, [variable.name]: first };
        }
      },
      (fault) => {
        if (isFault(fault) && fault.kind !== 'cancelled') setChoices(fault.error);
      },
    );
    return () => abort.abort();
  }, [sql, key, minute, width]);
  return choices;
}

function ListVariable({ dashboard, variable, label }: Props & { readonly label: string }) {
  const choices = useChoices(dashboard, variable);
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState('');
  const current = [variables.value[variable.name] ?? ''].flat();
  const all = current.includes(allValue) || (variable.multi === true && current.join('') === '');
  const text = all ? 'All' : current.filter((each) => each !== '').join(', ') || 'any';
  const close = () => setOpen(false);
  const list = typeof choices === 'string' ? [] : choices;
  const found = list.filter((each) => each.text.toLowerCase().includes(search.toLowerCase()));
  const pick = (value: string) => {
    if (variable.multi !== true) {
      set(variable, value);
      return close();
    }
    if (value === allValue) return set(variable, [allValue]);
    const kept = current.filter((each) => each !== allValue && each !== '');
    const next = kept.includes(value) ? kept.filter((each) => each !== value) : [...kept, value];
    set(variable, next.length === 0 && variable.includeAll ? [allValue] : next);
  };
  return html`<div class="variable anchor" title=${variable.description}>
    <span id=${`label-${variable.name}`}>${label}</span>
    <button class=${`value ${all || text === 'any' ? '' : 'narrowed'}`} aria-haspopup="dialog"
      aria-expanded=${open}
      aria-label=${`${label}: ${text}`} onClick=${() => setOpen(!open)}>
      <span>${text}</span><${Icon} name="chevron" /></button>
    ${
      open &&
      html`<${Popup} label=${label} side="left" onClose=${close}>
        <input type="text" class="list-search" placeholder="Search" aria-label=${`Search ${label}`}
          onInput=${(event: Event) => setSearch((event.target as HTMLInputElement).value)} />
        ${typeof choices === 'string' && html`<p class="hint fault">${choices}</p>`}
        <ul class="choices" aria-label=${label}>
          ${
            variable.includeAll &&
            html`<${ChoiceRow} text="All" chosen=${all}
            onPick=${() => pick(allValue)} />`
          }
          ${found.slice(0, choicesShownMax).map(
            (
              each,
            ) => html`<${ChoiceRow} key=${each.value} text=${each.text === '' ? 'any' : each.text}
              chosen=${!all && current.includes(each.value)} onPick=${() => pick(each.value)} />`,
          )}
        </ul>
        ${
          found.length > choicesShownMax &&
          html`<p class="hint">
          ${found.length} values; search to see more.</p>`
        }
        ${
          found.length === 0 &&
          typeof choices !== 'string' &&
          html`<p
          class="hint">Nothing found in this time range.</p>`
        }
      <//>`
    }
  </div>`;
}

function ChoiceRow(props: {
  readonly text: string;
  readonly chosen: boolean;
  readonly onPick: () => void;
}) {
  return html`<li><button aria-pressed=${props.chosen} onClick=${props.onPick}>
    <span class="tick" aria-hidden="true">${props.chosen ? '✓' : ''}</span>${props.text}</button>
      </li>`;
}
