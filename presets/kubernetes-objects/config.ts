import { z } from 'zod';
import { described, goDuration } from '../words.ts';

const watchedObject = z
  .strictObject({
    name: described(z.string().min(1), 'Resource in the plural, as in kubectl.', 'deployments'),
    group: described(z.string().default(''), 'API group; empty means the core group.', 'apps'),
    mode: described(
      z.enum(['watch', 'pull']).default('watch'),
      'watch: every change as it happens; pull: all objects at an interval.',
      'pull',
    ),
    interval: described(
      goDuration.default('1h'),
      'How often all objects are read; only with mode pull (a duration).',
      '15m',
    ),
    namespaces: described(
      z.array(z.string().min(1)).default([]),
      'Only these namespaces; empty means all.',
      ['shop'],
    ),
    label_selector: described(
      z.string().optional(),
      'Only objects with these labels, in the syntax of kubectl --selector.',
      'environment in (production)',
    ),
    field_selector: described(
      z.string().optional(),
      'Only objects with these field values, in the syntax of kubectl --field-selector.',
      'status.phase=Running',
    ),
  })
  .refine((object) => !(object.group === '' && object.name === 'secrets'), {
    error: 'secrets are refused: their values would be stored as log records',
    path: ['name'],
  });

/** Options of the preset `kubernetes_objects`. */
export const kubernetesObjectsOptions = z.strictObject({
  objects: described(
    z
      .array(watchedObject)
      .min(1)
      .prefault([
        { name: 'nodes' },
        { name: 'namespaces' },
        { name: 'deployments', group: 'apps' },
        { name: 'statefulsets', group: 'apps' },
        { name: 'daemonsets', group: 'apps' },
      ]),
    'Objects whose changes are stored as log records.',
    [{ name: 'deployments', group: 'apps' }],
  ),
  drop_managed_fields: described(
    z.boolean().default(true),
    'Leaves out metadata.managedFields, which makes a record two to five times as large.',
    false,
  ),
});

export type KubernetesObjectsOptions = z.output<typeof kubernetesObjectsOptions>;
