/** `grafana` of the stack file: how dashboards reach the people who look at them. */
import { z } from 'zod';
import { credentials } from './clickhouse.ts';
import { choice, flag, httpUrl, image, resources, size, text } from './kit.ts';

/** Grafana's own limit. */
const folderLengthMax = 190;

const grafanaShape = z.strictObject({
  deploy: flag({
    description:
      'Render a Grafana too. Absent: `true` with `deliver: config_map`, else `false`, because' +
      ' then one exists',
    examples: [true],
  }).optional(),
  deliver: choice(['config_map', 'files', 'operator', 'push'], {
    description:
      '`config_map`: provisioned or found by a sidecar; `operator`: objects of the Grafana' +
      ' operator; `push`: to `url` by its API; `files`: only `obsctl dashboards render`',
    examples: ['config_map'],
  }).default('config_map'),
  url: httpUrl({
    description: 'Grafana that `deliver: push` sends to; its token comes from GRAFANA_TOKEN',
    examples: ['https://grafana.example'],
  }).optional(),
  dashboards: choice(['fed', 'all'], {
    description:
      '`fed`: only what the presets of this file feed; `all`: also what other clusters or' +
      ' Collectors of yours send. A file without agents has all',
    examples: ['all'],
  }).default('fed'),
  folder: text(
    { description: 'Folder of the dashboards in Grafana', examples: ['obsctl'] },
    folderLengthMax,
  ).default('obsctl'),
  image: image({
    description: 'Image of the rendered Grafana',
    examples: ['grafana/grafana:12.2.0'],
  }).default('grafana/grafana:12.2.0'),
  credentials: credentials('grafana'),
  volume: size({
    description: 'Disk of the rendered Grafana; unit: bytes with a suffix',
    examples: ['1Gi'],
  }).default('1Gi'),
  resources: resources({ cpu_request: '100m', memory_request: '256Mi', memory_limit: '512Mi' }),
});

/** `grafana:` or `true` is the one with all its defaults. */
export const grafana = z
  .preprocess((value) => (value === true || value === null ? {} : value), grafanaShape)
  .transform((value) => ({ ...value, deploy: value.deploy ?? value.deliver === 'config_map' }))
  .optional()
  .meta({
    description: 'Grafana with data source and dashboards',
    examples: [{ deliver: 'config_map' }],
  }) as unknown as z.ZodOptional<
  z.ZodType<
    z.output<typeof grafanaShape> & { readonly deploy: boolean },
    z.input<typeof grafanaShape> | true
  >
>;
