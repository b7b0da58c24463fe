/** `gateway` of the stack file: what stands between the agents and ClickHouse. */
import { z } from 'zod';
import { gatewayConfigDefault, gatewaySettings } from '../gateway/config.ts';
import { resources } from './agents.ts';
import { choice, count, duration, image, objectName, size } from './kit.ts';

const replicasMax = 100;
const workersMax = 64;
const graceMsMin = 1000;

export const gateway = z
  .strictObject({
    replicas: count(
      { description: 'Pods, each with a log and a volume of its own', examples: [2] },
      { min: 1, max: replicasMax },
    ).default(2),
    volume: size({
      description:
        'Disk of each pod for what ClickHouse has not taken yet, of which nine tenths are used;' +
        ' unit: bytes with a suffix',
      examples: ['10Gi'],
    }).default('10Gi'),
    storage_class: objectName({
      description: "Storage class of that disk; absent: the cluster's default",
      examples: ['fast-ssd'],
    }).optional(),
    flavor: choice(['collector', 'obsctl'], {
      description:
        '`collector`: the stock contrib Collector; `obsctl`: our gateway, which needs `image`.' +
        ' Absent: `obsctl` when `image` is set, else `collector`',
      examples: ['collector'],
    }).optional(),
    image: image({
      description: "Image of obsctl's own gateway, made with the project's Dockerfile",
      examples: ['registry.example/obs/obsctl:0.1.0'],
    }).optional(),
    workers: count(
      { description: gatewaySettings.workers.description, examples: [2] },
      { min: 1, max: workersMax },
    ).optional(),
    grace: duration(
      { description: `${gatewaySettings.graceMs.description}; unit: time`, examples: ['30s'] },
      { minMs: graceMsMin },
    ).default(`${gatewayConfigDefault().graceMs / 1000}s`),
    resources: resources({ cpu_request: '250m', memory_request: '512Mi', memory_limit: '1Gi' }),
  })
  .prefault({})
  .transform((value) => ({
    ...value,
    flavor: value.flavor ?? (value.image === undefined ? 'collector' : 'obsctl'),
  }))
  .meta({
    description: 'The gateway: takes OTLP, keeps it on disk, delivers it to ClickHouse',
    examples: [{ replicas: 2, volume: '10Gi' }],
  });
