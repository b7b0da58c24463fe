/** Dashboard variables: drop-downs fed by small bounded scans, fixed choices and text boxes. */
import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';
import { allValue } from './macros.ts';
import { ClickHouseQueryBuilder, datasource } from './query.ts';

type Texts = { readonly label: string; readonly description: string };

export type Choice = { readonly value: string; readonly text: string };

/** Values found in the data; asked again whenever the time range changes. */
export function queryVariable(
  name: string,
  texts: Texts & {
    readonly rawSql: string;
    readonly multi?: boolean;
    /** Offer All (and start with it); otherwise the first value is chosen. */
    readonly all?: boolean;
    /** The value to start with; `''` chooses none. */
    readonly initial?: Choice;
  },
): sdk.QueryVariableBuilder {
  const query = new ClickHouseQueryBuilder(`Variable-${name}`, 'table', texts.rawSql).build();
  const variable = new sdk.QueryVariableBuilder(name)
    .label(texts.label)
    .description(texts.description)
    .datasource(datasource)
    .query(JSON.parse(JSON.stringify(query)))
    .definition(texts.rawSql)
    .refresh(sdk.VariableRefresh.OnTimeRangeChanged)
    .sort(sdk.VariableSort.Disabled)
    .multi(texts.multi ?? false)
    .includeAll(texts.all ?? false);
  if (texts.all) {
    const text = texts.multi ? ['All'] : 'All';
    variable.current({ text, value: texts.multi ? [allValue] : allValue, selected: true });
  } else if (texts.initial !== undefined) {
    variable.current({ ...texts.initial, selected: true });
  }
  return variable;
}

/** A fixed list of choices; the first is chosen. */
export function choiceVariable(
  name: string,
  texts: Texts & { readonly choices: readonly Choice[]; readonly initial?: string },
): sdk.CustomVariableBuilder {
  const initial = texts.initial ?? texts.choices[0]?.value ?? '';
  const options = texts.choices.map((choice) => ({
    ...choice,
    selected: choice.value === initial,
  }));
  const current = options.find((option) => option.selected) ?? { text: '', value: '' };
  return new sdk.CustomVariableBuilder(name)
    .label(texts.label)
    .description(texts.description)
    .values(texts.choices.map((choice) => `${choice.text} : ${choice.value}`).join(', '))
    .options(options)
    .current({ ...current, selected: true });
}

/** Free text; empty means no restriction. */
export function textVariable(
  name: string,
  texts: Texts & { readonly initial?: string },
): sdk.TextBoxVariableBuilder {
  const initial = texts.initial ?? '';
  return new sdk.TextBoxVariableBuilder(name)
    .label(texts.label)
    .description(texts.description)
    .defaultValue(initial)
    .current({ text: initial, value: initial, selected: true })
    .options([{ text: initial, value: initial, selected: true }]);
}
