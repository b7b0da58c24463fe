/**
 * Clients and agents that others wrote send lines to a gateway: each kind of value is read back.
 * The same points to a real InfluxDB are what says that a sender, and this test, do as they should.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithPeer, describeWithPeers } from '../support/peer.ts';
import { type Influxdb, startInfluxdb } from './influxdb.ts';
import { type Point, pointsFor, type Row, rowsOf } from './points.ts';
import { recently, senders } from './senders.ts';
import { type System, startSystem } from './stored.ts';

const startMsMax = 90_000;

for (const { name, peer, version, ability, place, send } of senders) {
  describeWithPeer(peer, `${name} and the gateway`, (found) => {
    let system: System;

    beforeAll(async () => {
      system = await startSystem();
    }, startMsMax);

    afterAll(async () => {
      await system?.stop();
    });

    it('store every kind of value, in its own row, exactly', async () => {
      const points = pointsFor(ability, name, recently());
      await send(found, system.url, points);
      const expected = points.flatMap((point) => rowsOf(point, place));
      const stored = await system.rows(name, expected.length);
      expect(inOrder(stored, expected)).toEqual(inOrder(expected, expected));
    });
  });

  if (version === 2) continue;
  describeWithPeers(
    [peer, 'influxdb-1.6'],
    `${name} and InfluxDB 1.6`,
    ([found = '', bin = '']) => {
      let influxdb: Influxdb;

      beforeAll(async () => {
        influxdb = await startInfluxdb(bin);
      }, startMsMax);

      afterAll(async () => {
        await influxdb?.stop();
      });

      it('understand the same points', async () => {
        const points = pointsFor(ability, name, recently());
        await send(found, influxdb.url, points);
        const stored = await influxdb.points('shop');
        expect(stored.map(pointText).sort()).toEqual(points.map(pointText).sort());
      });
    },
  );
}

/** Both in one order, and without what may be anything. */
function inOrder(rows: readonly Row[], expected: readonly Row[]): readonly string[] {
  const open = new Set(
    expected.filter(({ valueType }) => valueType === undefined).map(({ metric }) => metric),
  );
  return rows
    .map(({ valueType, valueInt, ...row }) =>
      JSON.stringify(open.has(row.metric) ? sorted(row) : sorted({ ...row, valueType, valueInt })),
    )
    .sort();
}

function pointText({ measurement, tags, fields, ns }: Point): string {
  const values = Object.entries(fields).map(([name, { kind, value }]) => [
    name,
    `${kind} ${value}`,
  ]);
  const parts = [measurement, sorted(tags), sorted(Object.fromEntries(values)), String(ns)];
  return JSON.stringify(parts);
}

function sorted(map: object): readonly unknown[] {
  return Object.entries(map).sort(([left], [right]) => (left < right ? -1 : 1));
}
