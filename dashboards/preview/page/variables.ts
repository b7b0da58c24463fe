/** How dashboard variables get their values: address, stored choice, first of the list. Pure. */
import type { CompactAnswer, Variable, VariableOption, VariableValues } from './model.ts';

export const allValue = '$__all';

export type Choice = { readonly text: string; readonly value: string };

/** Variables that a person sees and that queries may use. */
export function usedVariables(list: readonly Variable[]): readonly Variable[] {
  return list.filter((variable) => variable.type !== 'datasource' && variable.type !== 'adhoc');
}

/** The SQL of a variable that asks the database, if it is one. */
export function variableSql(variable: Variable): string | undefined {
  if (variable.type !== 'query') return undefined;
  if (typeof variable.query === 'string') return variable.query;
  const query = variable.query as { readonly rawSql?: string } | undefined;
  return query?.rawSql;
}

/** Choices as the dashboard itself lists them. */
export function fixedChoices(variable: Variable): readonly Choice[] {
  if (variable.type !== 'custom') return [];
  if (variable.options !== undefined && variable.options.length > 0) {
    return variable.options.map((option) => ({
      text: oneText(option.text),
      value: oneText(option.value),
    }));
  }
  return String(variable.query ?? '')
    .split(',')
    .map((part) => {
      const [text = '', value] = part.split(' : ').map((side) => side.trim());
      return { text, value: value ?? text };
    });
}

/** Choices from an answer: the first column, or `__text` and `__value`. */
export function choicesOf(answer: CompactAnswer): readonly Choice[] {
  const find = (name: string): number => answer.meta.findIndex((each) => each.name === name);
  const textAt = Math.max(find('__text'), 0);
  const valueAt = Math.max(find('__value'), 0);
  const seen = new Set<string>();
  const choices: Choice[] = [];
  for (const row of answer.data) {
    const value = String(row[valueAt] ?? '');
    if (seen.has(value)) continue;
    seen.add(value);
    choices.push({ text: String(row[textAt] ?? ''), value });
  }
  return choices;
}

/** What a variable stands at when the address says nothing. */
function initialValue(variable: Variable): string | readonly string[] {
  const value = variable.current?.value;
  if (variable.multi === true) {
    if (value === undefined) return variable.includeAll ? [allValue] : [];
    return typeof value === 'string' ? [value] : value;
  }
  if (value !== undefined) return oneText(value);
  if (variable.type === 'textbox') return typeof variable.query === 'string' ? variable.query : '';
  if (variable.type === 'custom') return fixedChoices(variable)[0]?.value ?? '';
  return variable.includeAll ? allValue : '';
}

/** Whether the variable waits for its list before it has a value. */
export function needsFirstChoice(variable: Variable): boolean {
  return variable.type === 'query' && variable.current?.value === undefined && !variable.includeAll;
}

export function initialValues(list: readonly Variable[]): VariableValues {
  return Object.fromEntries(
    usedVariables(list).map((variable) => [variable.name, initialValue(variable)]),
  );
}

/** Names of other variables that `sql` depends on. */
export function dependsOn(sql: string, names: readonly string[]): readonly string[] {
  return names.filter((name) => new RegExp(`\\$\\{?${name}\\b`).test(sql));
}

function oneText(value: VariableOption['value']): string {
  return typeof value === 'string' ? value : (value[0] ?? '');
}
