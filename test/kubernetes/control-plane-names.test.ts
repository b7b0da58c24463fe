/**
 * The names, kinds and labels that the dashboard Control plane is built on, held against what a
 * real API server, scheduler, controller manager and etcd say of themselves.
 */
import { request } from 'node:https';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { scrapedLabels } from '../../dashboards/vocabulary/scraped-names.ts';
import { controlPlaneMetrics } from '../../presets/control-plane/metrics.ts';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeer } from '../support/peer.ts';

const startMsMax = 120_000;
const pagesMsMax = 60_000;
const pauseMs = 500;
/** No CoreDNS runs here; the others appear with the first rejection or not at all on one member. */
const elsewhere =
  /^(coredns_|up$|apiserver_flowcontrol_rejected|apiserver_admission_webhook_rejection)/;
type Told = (typeof controlPlaneMetrics)[number];
const told: readonly Told[] = controlPlaneMetrics.filter(({ name }) => !elsewhere.test(name));

describeWithPeer('kubernetes', 'a real control plane', (programs) => {
  let cluster: ControlPlane;
  /** The pages of all its parts, one after the other. */
  let pages: string;

  beforeAll(async () => {
    cluster = await startControlPlane({ programs, nodes: 1 });
    await cluster.mustKubectl(['create', 'deployment', 'web', '--image=web']);
    pages = await readWholePages(cluster);
  }, startMsMax);
  afterAll(async () => await cluster?.stop());

  it.each(told)('says $name as a $kind', ({ name, kind }) => {
    expect(pages).toMatch(new RegExp(`^# TYPE ${name} ${kind}$`, 'm'));
  });

  describe.each(told.filter(({ name }) => name in scrapedLabels))('$name', ({ name, kind }) => {
    it('has the labels that panels split by', () => {
      const labels = firstLabels(pages, { name, kind }) ?? '';
      const found = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label);
      expect(found).toEqual(expect.arrayContaining([...(scrapedLabels[name] ?? [])]));
    });
  });
});

/** A part tells of a thing after it did it first, so the pages grow until each series is there. */
async function readWholePages(cluster: ControlPlane): Promise<string> {
  const endMs = Date.now() + pagesMsMax;
  for (;;) {
    const pages = await readPages(cluster);
    const isWhole = told.every((metric) => firstLabels(pages, metric) !== undefined);
    if (isWhole || Date.now() > endMs) return pages;
    await setTimeout(pauseMs);
  }
}

/** Labels of the first series of a metric, as the page writes them; undefined without one. */
function firstLabels(
  pages: string,
  { name, kind }: Pick<Told, 'name' | 'kind'>,
): string | undefined {
  const series = kind === 'histogram' ? `${name}_count` : name;
  return new RegExp(`^${series}(?:{([^}]*)})? `, 'm').exec(pages)?.slice(1).join('');
}

async function readPages(cluster: ControlPlane): Promise<string> {
  const { scheduler, controllerManager, etcd } = cluster.ports;
  const of = (port: number): Promise<string> => readPage(port, cluster.adminToken);
  const all = [
    cluster.mustKubectl(['get', '--raw', '/metrics']),
    of(scheduler),
    of(controllerManager),
    fetch(`http://127.0.0.1:${etcd}/metrics`).then((answer) => answer.text()),
  ];
  return (await Promise.all(all)).join('\n');
}

function readPage(port: number, token: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    // Their certificates are signed by themselves, as the preset knows.
    const options = { host: '127.0.0.1', port, path: '/metrics', headers };
    request({ ...options, rejectUnauthorized: false }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve(Buffer.concat(parts).toString()));
    })
      .on('error', reject)
      .end();
  });
}
