import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { traces } from '../clickhouse/schema/traces.ts';
import { alertsReference } from './alerts/reference.ts';
import { dashboards } from './catalog.ts';
import { dashboardsReference } from './reference.ts';
import { alertsPage, referencePage, renderFiles } from './render.ts';
import { dashboardUids } from './vocabulary/links.ts';
import { macroNames } from './vocabulary/macros.ts';
import { attributeNames } from './vocabulary/names.ts';
import { scrapedLabels } from './vocabulary/scraped-names.ts';
import { sources } from './vocabulary/sources.ts';
import { attribute, columnsOf } from './vocabulary/sql.ts';

const all = dashboards();
const panels = all.flatMap((dashboard) =>
  dashboard.panels
    .filter((panel) => panel.type !== 'row')
    .map((panel) => ({ dashboard, panel, name: `${dashboard.title} / ${panel.title}` })),
);
const variableSql = all.flatMap((dashboard) =>
  dashboard.templating.list.flatMap((variable) => {
    const rawSql = typeof variable.query === 'object' ? variable.query.rawSql : undefined;
    return rawSql === undefined ? [] : [{ name: `${dashboard.title} $${variable.name}`, rawSql }];
  }),
);
const panelSql = panels.flatMap(({ panel, name }) =>
  (panel.targets ?? []).map(({ rawSql }) => ({ name, rawSql })),
);

const annotationSql = all.flatMap((dashboard) =>
  (dashboard.annotations?.list ?? []).map(({ name, target }) => ({
    name: `${dashboard.title} / ${name}`,
    rawSql: target.rawSql,
  })),
);

describe('rendered dashboards', () => {
  it('equal the golden files, byte by byte, and there are no others', async () => {
    const folder = new URL('./testdata/rendered/', import.meta.url);
    const files = renderFiles();
    for (const { path, text } of files) {
      expect(await readFile(new URL(path, folder), 'utf8')).toBe(text);
    }
    expect((await readdir(folder)).sort()).toEqual(files.map(({ path }) => path).sort());
  });

  it('are described by the reference pages as they are committed', async () => {
    expect(await readFile(referencePage, 'utf8')).toBe(dashboardsReference());
    expect(await readFile(alertsPage, 'utf8')).toBe(alertsReference());
  });

  it('are the same at every rendering', () => {
    expect(renderFiles()).toEqual(renderFiles());
  });

  it('have the uids that links use', () => {
    expect(all.map(({ uid }) => uid)).toEqual(Object.values(dashboardUids));
  });
});

describe.each(all.map((dashboard) => [dashboard.title, dashboard] as const))('%s', (_, board) => {
  it('numbers its panels and places them without overlap', () => {
    const ids = board.panels.map((panel) => panel.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Math.min(...ids)).toBeGreaterThan(0);
    const cells = new Set<string>();
    for (const { gridPos } of board.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(cells.has(`${x},${y}`)).toBe(false);
          cells.add(`${x},${y}`);
        }
      }
    }
  });

  it('gives every query of a panel a name of its own', () => {
    for (const { targets } of board.panels) {
      const refIds = (targets ?? []).map(({ refId }) => refId);
      expect(new Set(refIds).size).toBe(refIds.length);
      expect(refIds.every((refId) => refId !== '')).toBe(true);
    }
  });
});

describe.each(panels.map((entry) => [entry.name, entry.panel] as const))('%s', (_, panel) => {
  it('says what it shows and what to do, and what nothing means', () => {
    expect((panel.description ?? '').length).toBeGreaterThan(40);
    const config = panel['fieldConfig'] as { defaults: { noValue?: string } };
    expect(config.defaults.noValue).toBeTruthy();
  });

  it('names a source that exists', () => {
    expect(Object.keys(sources)).toContain(panel.options?.obsctl?.source);
  });

  it('says in words what its colours mean', () => {
    const config = JSON.stringify(panel['fieldConfig']);
    if (/"mode":"absolute","steps":\[\{"value":null,"color":"\w+"\},\{/.test(config)) {
      expect(panel.description).toMatch(/(green|text|red): .+; .+: /);
    }
  });
});

describe.each([...panelSql, ...variableSql, ...annotationSql])(
  'the query of $name',
  ({ rawSql }) => {
    it('bounds every scan of a table by time', () => {
      const scans = rawSql.split(/\bFROM\s+(?=otel_|obsctl_|snapshot_)/).slice(1);
      for (const scan of scans) {
        // The table of ranges is what tells the time: it is read by trace id.
        if (scan.startsWith('otel_traces_trace_id_ts')) continue;
        expect(scan).toMatch(
          /^\w+[\s\S]*?(\$__timeFilter\(|\$__fromTime|> \$__toTime - |traceStart|FirstEvent)/,
        );
      }
    });

    it('uses only macros and formats that we can expand', () => {
      const macros = [...rawSql.matchAll(/\$__(\w+)/g)].map((match) => match[1] ?? '');
      for (const macro of macros) expect(macroNames).toContain(macro);
      const variables = [...rawSql.matchAll(/\$\{[^}]*\}/g)].map(([text]) => text);
      for (const text of variables) expect(text).toMatch(/^\$\{\w+:singlequote\}$/);
    });

    it('uses only attribute names of the pinned list', () => {
      const used = [...rawSql.matchAll(/Attributes\['([^']*)'\]/g)].map((match) => match[1] ?? '');
      const known = [...attributeNames, ...Object.values(scrapedLabels).flat()];
      for (const name of used) expect(known).toContain(name);
    });
  },
);

describe('variables', () => {
  it('that offer All stand only inside $__conditionalAll, because All has no value', () => {
    for (const dashboard of all) {
      const offerAll = dashboard.templating.list.filter((variable) => variable.includeAll === true);
      const texts = [
        ...dashboard.panels.flatMap((panel) => (panel.targets ?? []).map(({ rawSql }) => rawSql)),
      ];
      for (const { name } of offerAll) {
        for (const whole of texts) {
          // What is left out once something is chosen needs no value.
          const text = whole.replaceAll(`$__conditionalAll(0, $${name})`, '');
          const uses = text.split(`\${${name}:singlequote}`).length - 1;
          const guards = text.split(`, $${name})`).length - 1;
          expect(uses).toBe(guards);
        }
      }
    }
  });

  it('have a label and a description', () => {
    for (const variable of all.flatMap((dashboard) => dashboard.templating.list)) {
      expect(variable['label']).toBeTruthy();
      if (variable.name !== 'datasource') expect(variable['description']).toBeTruthy();
    }
  });
});

describe('links', () => {
  const urls = all.flatMap((dashboard) =>
    [...JSON.stringify(dashboard).matchAll(/"(\/d\/[^"\\]*(?:\\.[^"\\]*)*)"/g)].map((match) => ({
      from: dashboard,
      url: JSON.parse(`"${match[1]}"`) as string,
    })),
  );

  it('exist, carry the time range, and lead to dashboards and variables that exist', () => {
    expect(urls.length).toBeGreaterThan(20);
    for (const { from, url } of urls) {
      expect(url).toContain('?${__url_time_range}');
      const uid = /^\/d\/([^?]+)\?/.exec(url)?.[1];
      const target = all.find((dashboard) => dashboard.uid === uid);
      expect(target).toBeDefined();
      const known = target?.templating.list.map(({ name }) => name);
      for (const match of url.matchAll(/var-(\w+)=|\$\{(\w+):queryparam\}/g)) {
        expect(known).toContain(match[1] ?? match[2]);
      }
      const carried = [...url.matchAll(/\$\{(\w+):queryparam\}/g)].map((match) => match[1]);
      const here = from.templating.list.map(({ name }) => name);
      for (const name of carried) expect(here).toContain(name);
    }
  });

  it('take values from columns that the panel shows', () => {
    for (const { panel } of panels) {
      const json = JSON.stringify(panel['fieldConfig']);
      for (const match of json.matchAll(/__data\.fields\[\\+"([^"\\]+)\\+"\]/g)) {
        const query = (panel.targets ?? []).map(({ rawSql }) => rawSql).join('\n');
        expect(query).toMatch(new RegExp(`AS "?${match[1]}\\b`));
      }
    }
  });

  it('lead from services to traces to logs and back', () => {
    const pairs = new Set(urls.map(({ from, url }) => `${from.uid} ${url.split(/[?/]/)[2]}`));
    for (const pair of [
      'obsctl-services obsctl-traces',
      'obsctl-services obsctl-logs',
      'obsctl-traces obsctl-logs',
      'obsctl-traces obsctl-services',
      'obsctl-services obsctl-service-map',
      'obsctl-service-map obsctl-services',
      'obsctl-service-map obsctl-traces',
      'obsctl-traces obsctl-service-map',
      'obsctl-logs obsctl-traces',
      'obsctl-logs obsctl-services',
      'obsctl-explore obsctl-traces',
    ]) {
      expect(pairs).toContain(pair);
    }
  });
});

describe('links of Kubernetes', () => {
  const pairs = new Set(
    all.flatMap(({ uid, panels: own }) =>
      [...JSON.stringify(own).matchAll(/\/d\/([\w-]+)\?/g)].map(([, to]) => `${uid} ${to}`),
    ),
  );
  it.each([
    [
      'kubernetes',
      ['workload', 'node', 'machine', 'logs', 'traces', 'control-plane', 'cni', 'network'],
    ],
    ['workload', ['pod', 'node', 'services', 'traces', 'logs']],
    ['pod', ['workload', 'node', 'services', 'machine']],
    ['node', ['pod', 'workload', 'machine']],
    ['cni', ['node']],
    ['services', ['pod', 'workload', 'machine']],
    ['logs', ['pod']],
  ])('lead from %s to %j', (from, ways) => {
    for (const to of ways) expect(pairs).toContain(`obsctl-${from} obsctl-${to}`);
  });
});

describe('typed names', () => {
  it('are the columns of the table, and nothing else compiles', () => {
    const t = columnsOf(traces);
    expect(t.ServiceName).toBe('ServiceName');
    // @ts-expect-error: a column that the schema does not have.
    expect(t.Service).toBeUndefined();
    // @ts-expect-error: an attribute that is not in the pinned list.
    expect(attribute(t.SpanAttributes, 'http.rout')).toContain('http.rout');
  });
});
