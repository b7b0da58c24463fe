/** The line of the landing page that says where to begin, on the seeded shop and what is added. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Asker } from '../../test/support/ask-dashboards.ts';
import { findPanel } from '../../test/support/ask-dashboards.ts';
import type { TestEngine } from '../../test/support/engine.ts';
import { failingService, type Seeded } from '../../test/support/seed-telemetry.ts';
import { startSeededShop } from '../../test/support/seeded-shop.ts';
import { dashboards } from '../catalog.ts';

let engine: TestEngine;
let seeded: Seeded;
let ask: Asker['ask'];
let expandFor: Asker['expandFor'];
let panelRows: Asker['panelRows'];

beforeAll(async () => {
  ({ engine, seeded, ask, expandFor, panelRows } = await startSeededShop(7));
}, 120_000);

afterAll(() => engine?.stop());

/** The last half of what was seeded; the window before it is as long and has data. */
const later = { shiftMs: 600_000 };
const second = (minutes: number): number => Math.floor(seeded.fromMs / 1000) + minutes * 60;

const red = (at: number, service: string, operation: string, status: string): Promise<unknown> =>
  ask(
    'INSERT INTO otel.otel_red_1s (Time, ServiceName, SpanName, SpanKind, StatusCode, Count,' +
      ` DurationSum, Buckets.Index, Buckets.Count) VALUES (toDateTime(${at}), '${service}',` +
      ` '${operation}', 'Server', '${status}', 1, 1, [80], [1])`,
  );

const line = (at: number, body: string): Promise<unknown> =>
  ask(
    'INSERT INTO otel.otel_logs (Timestamp, ServiceName, SeverityNumber, Body) VALUES' +
      ` (toDateTime64(${at}, 9), 'cart', 17, '${body}')`,
  );

const image = (at: number, tag: string): Promise<unknown> =>
  ask(
    'INSERT INTO otel.otel_metrics_gauge (MetricName, TimeUnix, Value, ResourceAttributes) VALUES' +
      ` ('k8s.container.restarts', toDateTime64(${at}, 9), 0, map('k8s.cluster.name', 'shop',` +
      " 'k8s.namespace.name', 'shop', 'k8s.pod.name', 'cart-6d4cf56db6-x2vqk'," +
      " 'k8s.container.name', 'app'," +
      ` 'container.image.name', 'registry.example/cart', 'container.image.tag', '${tag}'))`,
  );

describe('What changed', () => {
  it('names the errors that began, where they began, and the restarts', async () => {
    const rows = await panelRows('Services', 'What changed', later);
    const whats = new Set(rows.map((row) => row['What']));
    expect(whats).toEqual(new Set(['restarted', 'new errors', 'new error line']));
    expect(rows).toContainEqual(
      expect.objectContaining({ What: 'new errors', Service: failingService }),
    );
    expect(rows.find((row) => row['What'] === 'restarted')).toMatchObject({ Service: 'orders' });
  });

  it('calls nothing new where there is no window before', async () => {
    const rows = await panelRows('Services', 'What changed');
    expect(rows.map((row) => row['What'])).not.toContain('new service');
  });

  it('names what is new and what fell silent', async () => {
    await red(second(15), 'fresh', 'GET /', 'Unset');
    await red(second(2), 'gone', 'GET /', 'Unset');
    await red(second(2), 'cart', 'GET /new', 'Unset');
    await red(second(16), 'cart', 'GET /new', 'Error');
    await line(second(3), 'known trouble 17');
    await line(second(14), 'known trouble 18');
    await line(second(14), 'unheard of 19');
    await image(second(17), '1.5.0');
    const set = { service: ['fresh', 'gone', 'cart'] };
    const rows = await panelRows('Services', 'What changed', { ...later, set });
    const found = rows.map((row) => `${row['What']}: ${row['Service']} ${row['Detail']}`.trim());
    expect(found.sort()).toEqual([
      'deployed: cart registry.example/cart:1.5.0',
      'new error line: cart unheard of #',
      'new errors: cart GET /new',
      'new service: fresh',
      'no requests any more: gone',
    ]);
    const ages = rows.map((row) => Number(row['Ago']));
    expect(ages).toEqual([...ages].sort((one, other) => one - other));
  });

  it('keeps to the service that is chosen', async () => {
    const set = { service: ['fresh'] };
    const rows = await panelRows('Services', 'What changed', { ...later, set });
    expect(rows.map((row) => row['Service'])).toEqual(['fresh']);
  });
});

describe('Worst calls', () => {
  it('begin with the calls that fail', async () => {
    const rows = await panelRows('Services', 'Worst calls');
    expect(rows.slice(0, 2).map((row) => row['Call'])).toEqual(
      expect.arrayContaining(['checkout → payment']),
    );
    expect(rows[0]).toMatchObject({ State: 'fails' });
  });
});

describe('Objectives that burn', () => {
  it('has the failing service, and not one that never fails', async () => {
    const rows = await panelRows('Services', 'Objectives that burn');
    const states = Object.fromEntries(rows.map((row) => [row['Service'], row['State']]));
    // It has twenty minutes of requests, and the shorter rule judges from thirty on.
    expect(states[failingService]).toBe('burns');
    expect(states['catalog']).toBeUndefined();
  });

  it('follows the objectives of the stack file', async () => {
    const objectives = [{ service: '*', objective: 1 }];
    const board = dashboards({ objectives }).find(({ title }) => title === 'Services');
    const [, { title }] = findPanel('Services', 'Objectives that burn');
    const panel = board?.panels.find((each) => each.title === title);
    if (board === undefined || panel === undefined) throw new Error('no such panel');
    const sql = panel.targets?.[0]?.rawSql ?? '';
    expect(await ask(expandFor(board, sql))).toEqual([]);
  });
});
