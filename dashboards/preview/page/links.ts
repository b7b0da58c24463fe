/**
 * Grafana's data links, and one of ours for regions: `${__data.fields["x"]:percentencode}`,
 * `${__field.labels.x}`, `${__value.raw}`, `${__url_time_range}`, `${var:queryparam}`,
 * `${__region.x}`. Values are always encoded for the
 * place they go to, so clicked data cannot change the shape of an address. Pure.
 */
import type { VariableValues } from './model.ts';

export type LinkScope = {
  /** Columns of the clicked row. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Labels of the clicked series. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly value?: {
    readonly raw: unknown;
    readonly text: string;
    readonly timeMs?: number | undefined;
  };
  readonly seriesName?: string;
  /** Sides of the region of a heat map. */
  readonly region?: Readonly<Record<string, string>>;
  readonly variables: VariableValues;
  readonly range: { readonly from: string; readonly to: string };
};

/** The address that `url` means for what was clicked; `undefined` when it may not be followed. */
export function resolveLink(url: string, scope: LinkScope): string | undefined {
  const resolved = url.replace(/\$\{([^}]+)\}|\$(__\w+)/g, (_, braced?: string, bare?: string) =>
    expand(braced ?? bare ?? '', scope),
  );
  return isSafe(resolved) ? resolved : undefined;
}

/** Only addresses of this page and plain web addresses: never `javascript:` from data. */
function isSafe(url: string): boolean {
  return /^https?:\/\//.test(url) || (url.startsWith('/') && !url.startsWith('//'));
}

function expand(expression: string, scope: LinkScope): string {
  const { path, format } = splitFormat(expression);
  switch (path) {
    case '__url_time_range':
      return timeRange(scope);
    case '__all_variables':
      return Object.keys(scope.variables)
        .map((name) => queryParameter(name, scope))
        .join('&');
    case '__from':
      return encodeURIComponent(scope.range.from);
    case '__to':
      return encodeURIComponent(scope.range.to);
  }
  if (format === 'queryparam') return queryParameter(path, scope);
  const value = lookUp(path, scope);
  return encodeURIComponent(value === undefined || value === null ? '' : String(value));
}

/** `name:format`, where the name may hold a quoted field name with colons in it. */
function splitFormat(expression: string): { readonly path: string; readonly format: string } {
  const match = /^(.*?)(?::(\w+))?$/.exec(expression);
  return { path: match?.[1] ?? expression, format: match?.[2] ?? '' };
}

function timeRange(scope: LinkScope): string {
  const { from, to } = scope.range;
  return `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`;
}

function queryParameter(name: string, scope: LinkScope): string {
  const value = Object.hasOwn(scope.variables, name) ? scope.variables[name] : undefined;
  const values = value === undefined ? [''] : typeof value === 'string' ? [value] : value;
  const key = encodeURIComponent(`var-${name}`);
  return values.map((each) => `${key}=${encodeURIComponent(each)}`).join('&');
}

function lookUp(path: string, scope: LinkScope): unknown {
  const field = /^__data\.fields(?:\.(.+)|\[["'](.+)["']\])$/.exec(path);
  if (field !== null) return own(scope.fields, field[1] ?? field[2] ?? '');
  const side = /^__region\.(.+)$/.exec(path);
  if (side !== null) return own(scope.region, side[1] ?? '');
  const label = /^__(?:field|series)\.labels(?:\.(.+)|\[["'](.+)["']\])$/.exec(path);
  if (label !== null) return own(scope.labels, label[1] ?? label[2] ?? '');
  switch (path) {
    case '__value.raw':
      return scope.value?.raw;
    case '__value.text':
    case '__value':
      return scope.value?.text;
    case '__value.time':
      return scope.value?.timeMs;
    case '__series.name':
    case '__field.name':
      return scope.seriesName;
  }
  return own(scope.variables, path);
}

function own(record: Readonly<Record<string, unknown>> | undefined, name: string): unknown {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
