/**
 * Real Prometheus servers write to a gateway that is killed while they do: what they say they
 * sent is in the tables, each point once and bit for bit, and equals what they answer themselves.
 * `OBSCTL_REMOTE_WRITE_MS` sets how long they scrape (25 s; the full form is 300000).
 */
import { join } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import type { PeerName } from '../../tools/peers/peer.ts';
import { describeWithPeer } from '../support/peer.ts';
import { apart, exemplarsText, mapText, nothing, type Row, rowsOf, staleBits } from './rows.ts';
import { type Outcome, type Sending, type Sent, send } from './sending.ts';
import type { Labels, Series } from './wire.ts';

const durationMs = Number(process.env['OBSCTL_REMOTE_WRITE_MS'] ?? 25_000);
/** Starting, the outage, stale markers, delivery. */
const othersMsMax = 150_000;
const customSchema = -53;
const nativeMetric = 'shop_native_seconds';
const nativeMetrics = [nativeMetric, 'shop_queue'];

type Server = {
  readonly peer: PeerName;
  readonly title: string;
  /** Of what the peer is found as. */
  readonly program: string;
  /** Whether remote read gives native histograms. */
  readonly readsHistograms: boolean;
  readonly sending: Omit<Sending, 'program' | 'durationMs'>;
};

const servers: readonly Server[] = [
  {
    peer: 'prometheus-3.14.0',
    title: 'Prometheus 3.14',
    program: 'prometheus',
    readsHistograms: true,
    sending: {
      features: ['exemplar-storage'],
      senders: [
        { name: 'v1', version: 1, config: { protobuf_message: 'prometheus.WriteRequest' } },
        {
          name: 'v2',
          version: 2,
          config: { protobuf_message: 'io.prometheus.write.v2.Request' },
        },
      ],
      scrapes: {
        '/text': {},
        '/native': { scrape_native_histograms: true, scrape_protocols: ['PrometheusProto'] },
        '/classic': { convert_classic_histograms_to_nhcb: true },
      },
    },
  },
  {
    peer: 'prometheus-2.42',
    title: "Debian's Prometheus 2.42",
    program: '',
    readsHistograms: false,
    sending: {
      features: ['exemplar-storage', 'native-histograms'],
      senders: [{ name: 'v1', version: 1, config: {} }],
      scrapes: { '/text': {}, '/native': {} },
    },
  },
];

for (const { peer, title, program, readsHistograms, sending } of servers) {
  describeWithPeer(peer, `${title} and a gateway that is killed`, (found) => {
    let outcome: Outcome;

    beforeAll(async () => {
      outcome = await send({ program: join(found, program), durationMs, ...sending });
    }, durationMs + othersMsMax);

    it('scrapes enough to be worth it, and has to send again', () => {
      const scrapes = Math.floor(durationMs / 1000 / 2);
      for (const { counts, retried } of outcome.sent) {
        expect(retried).toBeGreaterThan(0);
        expect(counts.samples).toBeGreaterThan(scrapes * 30);
        expect(counts.histograms).toBeGreaterThan(scrapes * 4);
        expect(counts.exemplars).toBeGreaterThan(scrapes * 4);
      }
    });

    it('loses nothing on its side, but for what version 1 has no words for', () => {
      const lost = outcome.sent.map(({ name, failed, dropped }) => ({ name, failed, dropped }));
      const count = (version: 1 | 2): number =>
        pointsOf(outcome, version).flatMap(({ histograms }) => histograms).length;
      const custom = count(2) - count(1);
      const expected = outcome.sent.map(({ name, version }) => ({
        name,
        failed: 0,
        dropped: version === 1 ? custom : 0,
      }));
      expect(lost).toEqual(expected);
    });

    it('has nothing to complain of but of the outage', () => {
      const complaints = outcome.talk
        .split('\n')
        .filter((line) => /level=error|level=ERROR/.test(line))
        .filter((line) => !/connection refused|EOF|connection reset/.test(line));
      expect(complaints).toEqual([]);
    });

    it('says it sent as many samples, histograms and exemplars as there are', () => {
      const stored = outcome.sent.map(({ name, rows }) => ({ name, counts: countsOf(rows) }));
      expect(stored).toEqual(outcome.sent.map(({ name, counts }) => ({ name, counts })));
    });

    it('keeps the same points as the tables do, none twice, none missing, bit for bit', () => {
      for (const sent of outcome.sent) {
        const expected = pointsOf(outcome, sent.version).flatMap((one) =>
          rowsOf(withLabel(one, sent.name)),
        );
        const stored = sent.rows
          .filter((row) => !isOnlyExemplars(row))
          .filter(({ metric }) => readsHistograms || !nativeMetrics.includes(metric ?? ''));
        expect(apart(stored.map(compared), expected.map(compared))).toEqual(nothing);
      }
    });

    it('answers queries with the values that the tables have', () => {
      for (const sent of outcome.sent) {
        const stored = sent.rows.filter((row) => !isOnlyExemplars(row) && !isMarker(row));
        const isTold = ({ text, labels }: Outcome['queried'][number]): boolean =>
          sent.version === 2 || !isCustom(outcome, labels) || !text.includes(' ');
        const expected = outcome.queried.filter(isTold).map(({ labels, ms, text }) => {
          const { metric, resource, attributes, time } = pointRow(labels, ms, sent.name);
          return { metric, resource, attributes, time, text };
        });
        const found = stored.map(({ metric, resource, attributes, time, ...row }) => ({
          ...{ metric, resource, attributes, time },
          text:
            row['count'] === undefined
              ? numberText(row['value'])
              : `${countOf(row)} ${numberText(row['sum'])}`,
        }));
        expect(apart(found as readonly Row[], expected as readonly Row[])).toEqual(nothing);
      }
    });

    it('hands on the buckets of native histograms as the target had them', () => {
      for (const { rows } of outcome.sent) {
        const points = rows
          .filter(({ attributes }) => attributes?.includes('"integers"'))
          .filter((row) => row['count'] !== undefined && !isMarker(row));
        const wrong = points.filter((row) => {
          const n = Number(row['count']) / 14;
          const positive = `-3:${n} -2:${3 * n} 2:${2 * n} 3:${4 * n}`;
          const found = [row['scale'], row['zeroCount'], row['negative'], row['positive']];
          const right = ['3', String(n), `-5:${n} -4:${2 * n}`, positive];
          return String(found) !== String(right);
        });
        expect(points.length).toBeGreaterThan(durationMs / 1000 / 2);
        expect(wrong).toEqual([]);
      }
    });

    it('answers with the exemplars that the tables have', () => {
      for (const { name, rows } of outcome.sent) {
        const expected = outcome.exemplars.map(({ labels, exemplar, ms, text }) => {
          const { metric, resource, attributes } = pointRow(labels, ms, name);
          const exemplars = exemplarsText([{ labels: exemplar, bits: bitsOf(Number(text)), ms }]);
          return { metric, resource, attributes, exemplars };
        });
        const found = rows.flatMap(({ metric, resource, attributes, exemplars }) =>
          (exemplars ?? '')
            .split('; ')
            .filter((text) => text !== '')
            .map((text) => ({ metric, resource, attributes, exemplars: text })),
        );
        expect(apart(found as readonly Row[], expected as readonly Row[])).toEqual(nothing);
      }
    });

    it('marks what went away, and the markers keep their bits', () => {
      for (const { rows } of outcome.sent) {
        const markers = rows.filter(isMarker);
        const marked = new Set(markers.map(({ metric }) => metric));
        for (const metric of ['shop_flicker', 'shop_requests_total', nativeMetric, 'up']) {
          expect(`${metric}: ${marked.has(metric)}`).toBe(`${metric}: true`);
        }
        expect(markers.filter(({ isStale }) => isStale !== 'true')).toEqual([]);
      }
    });

    it('sends descriptions and units by version 1, which are kept', () => {
      const texts = new Map(
        outcome.metadata.map(({ metric, description, unit }) => [
          metric,
          `${description}; ${unit}`,
        ]),
      );
      expect(texts.get('shop_requests') ?? texts.get('shop_requests_total')).toBe(
        'Requests, with "quotes" and a \\ in their help.; ',
      );
      expect(texts.get('shop_temperature_celsius')).toBe('; celsius');
      expect(texts.get(nativeMetric)).toMatch(/^Durations as a native histogram\.; /);
    });
  });
}

/** What Prometheus keeps, as far as this version can say it. */
function pointsOf({ points }: Outcome, version: 1 | 2): readonly Series[] {
  if (version === 2) return points;
  return points.map((series) => ({
    ...series,
    histograms: series.histograms.filter(({ schema }) => schema !== customSchema),
  }));
}

function isCustom({ points }: Outcome, labels: Labels): boolean {
  const custom = points.filter(({ histograms }) =>
    histograms.some(({ schema }) => schema === customSchema),
  );
  return custom.some((series) => mapText(series.labels) === mapText(labels));
}

function withLabel(series: Series, sender: string): Series {
  return { ...series, labels: { ...series.labels, via: sender } };
}

function pointRow(labels: Labels, ms: number, sender: string): Row {
  const sample = { bits: '', ms, startMs: 0 };
  const none = { histograms: [], exemplars: [], type: '', help: '', unit: '' };
  const [row = {}] = rowsOf(withLabel({ labels, samples: [sample], ...none }, sender));
  return row;
}

/** Without what a server keeps apart from its points, or finds out again when it is asked. */
const apartFromPoints = ['description', 'unit', 'exemplars', 'resetHint'];

function compared(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([key]) => !apartFromPoints.includes(key)));
}

function isOnlyExemplars({ valueType }: Row): boolean {
  return valueType === 'None';
}

function isMarker({ value, sum }: Row): boolean {
  return (value ?? sum) === staleBits;
}

function countsOf(rows: readonly Row[]): Sent['counts'] {
  const points = rows.filter((row) => !isOnlyExemplars(row));
  const histograms = points.filter(({ count }) => count !== undefined).length;
  const exemplars = rows.flatMap((row) => (row['exemplars'] ?? '').match(/[^;]+/g) ?? []);
  return { samples: points.length - histograms, histograms, exemplars: exemplars.length };
}

/** As it was sent: the first of the counts that are no integers, where there are any. */
function countOf(row: Row): string {
  const [count] = JSON.parse(row['floats'] ?? '[]');
  return String(count ?? row['count']);
}

function numberText(bits = ''): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${bits}`));
  // Prometheus answers with the sign of zero, and leaves it out of what it sends.
  return String(view.getFloat64(0));
}

function bitsOf(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}
