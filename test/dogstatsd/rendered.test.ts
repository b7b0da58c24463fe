/** A stack with `gateway.dogstatsd`: the rendered arguments start a real gateway that listens. */
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { isWorkload, templateOf } from '../../k8s/objects.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { loopbackAddress } from '../support/pod.ts';
import { renderFile } from '../support/rendered.ts';

const startMsMax = 60_000;
const stackFile = join(import.meta.dirname, '../../stack/testdata/good/everything.yaml');
/** What the test gives another value: files and places of the pod. */
const ofThePod = ['-f', '--data-dir'];

const podIp = loopbackAddress();
let gateway: TestGateway | undefined;

beforeAll(async () => {
  const { objects } = await renderFile(stackFile, ['--only', 'gateway']);
  const pod = objects.filter(isWorkload).find(({ kind }) => kind === 'StatefulSet');
  const [container] = pod === undefined ? [] : templateOf(pod).spec.containers;
  const [, ...rendered] = container?.args ?? [];
  const isKept = (_: string, index: number) =>
    !ofThePod.some((word) => [rendered[index], rendered[index - 1]].includes(word));
  const args = rendered.filter(isKept).map((word) => word.replace('$(MY_POD_IP)', podIp));
  gateway = await startGateway({ clickhouseUrl: 'http://127.0.0.1:9', args });
}, startMsMax);

afterAll(() => gateway?.stop());

it(
  'counts a datagram that came to the address of the pod',
  async () => {
    expect(gateway?.dogstatsd).toBe(`${podIp}:8125`);
    const socket = createSocket('udp4');
    await new Promise((resolve) => socket.send('shop.orders:1|c', 8125, podIp, resolve));
    socket.close();
    const counted = async () => {
      const text = await (await fetch(`${gateway?.admin}/metrics`)).text();
      return /^obsctl_gateway_dogstatsd_lines_total(?:\{[^}]*\})? 1$/m.test(text);
    };
    const deadlineMs = Date.now() + startMsMax / 2;
    while (!(await counted()) && Date.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await counted()).toBe(true);
  },
  startMsMax,
);
