/** Options of the preset `kubelet_metrics`. */
import { z } from 'zod';
import { goDuration } from '../words.ts';

export const kubeletMetricsOptions = z.strictObject({
  collection_interval: goDuration
    .default('30s')
    .describe('How often the kubelet is asked, as a duration.')
    .meta({ examples: ['20s'] }),
  groups: z
    .array(z.enum(['container', 'pod', 'node', 'volume']))
    .min(1)
    .default(['container', 'pod', 'node', 'volume'])
    .describe('What is counted: containers, pods, the node, volumes.')
    .meta({ examples: [['pod', 'node']] }),
  address: z
    .enum(['auto', 'ip', 'name'])
    .default('auto')
    .describe(
      'How the kubelet is called: by the IP of the node, or by its name, which certificates of ' +
        'some platforms demand; `auto` chooses by platform.',
    )
    .meta({ examples: ['name'] }),
  verify: z
    .enum(['auto', 'ca', 'off'])
    .default('auto')
    .describe(
      "Whether the kubelet's certificate is checked: `auto` checks where the platform signs it " +
        '(AKS, OpenShift), else the check is off and a warning says so.',
    )
    .meta({ examples: ['ca'] }),
  ca_file: z
    .string()
    .startsWith('/')
    .optional()
    .describe(
      "CA that signed the kubelets' certificates, a path on the node; by platform if absent.",
    )
    .meta({ examples: ['/etc/kubernetes/pki/ca.crt'] }),
  utilization: z
    .boolean()
    .default(false)
    .describe(
      'Whether use against requests and limits is added. Needs the right `nodes/pods` ' +
        '(Kubernetes 1.33) or `nodes/proxy` (older, lets the agent execute in pods).',
    )
    .meta({ examples: [true] }),
  container_id: z
    .boolean()
    .default(false)
    .describe('Whether `container.id` is added; needs the same right as `utilization`.')
    .meta({ examples: [true] }),
});

export type KubeletMetricsOptions = z.output<typeof kubeletMetricsOptions>;
