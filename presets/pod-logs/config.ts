/** Options of the preset `pod_logs`. */
import { z } from 'zod';
import { byteSize } from '../options.ts';
import { goDuration } from '../words.ts';

const multilineRule = z.strictObject({
  namespace: z
    .string()
    .optional()
    .describe('Namespace the rule is for; every namespace when absent.')
    .meta({ examples: ['shop'] }),
  pod: z
    .string()
    .optional()
    .describe('Regular expression over the whole pod name; every pod when absent.')
    .meta({ examples: ['checkout-.*'] }),
  container: z
    .string()
    .optional()
    .describe('Container name; every container when absent.')
    .meta({ examples: ['app'] }),
  first_line: z
    .string()
    .min(1)
    .describe('Regular expression (RE2) that the first line of an entry matches.')
    .meta({ examples: ['^\\d{4}-\\d{2}-\\d{2}'] }),
  flush_after: goDuration
    .default('5s')
    .describe('How long the last entry waits for a further line, as a duration.')
    .meta({ examples: ['5s'] }),
});

export const podLogsOptions = z.strictObject({
  include: z
    .array(z.string().min(1))
    .min(1)
    .default(['/var/log/pods/*/*/*.log*'])
    .describe('Files to read, as globs. `*.log*` finds a file again after it was rotated.')
    .meta({ examples: [['/var/log/pods/shop_*/*/*.log*']] }),
  exclude: z
    .array(z.string().min(1))
    .default([])
    .describe('Files not to read, as globs, beside compressed ones and our own.')
    .meta({ examples: [['/var/log/pods/*/istio-proxy/*.log*']] }),
  exclude_namespaces: z
    .array(z.string().min(1))
    .default([])
    .describe('Namespaces whose pods are not read.')
    .meta({ examples: [['kube-system']] }),
  format: z
    .enum(['auto', 'containerd', 'crio', 'docker'])
    .default('auto')
    .describe('Format that the container runtime writes; `auto` looks at every line.')
    .meta({ examples: ['containerd'] }),
  access: z
    .enum(['root', 'acl'])
    .default('root')
    .describe(
      'How the files, which belong to root, are read: `root` runs as uid 0 with no capability ' +
        'but DAC_READ_SEARCH; `acl` runs as the image does and needs an access control list ' +
        'on the node.',
    )
    .meta({ examples: ['acl'] }),
  start_at: z
    .enum(['beginning', 'end'])
    .default('beginning')
    .describe(
      'Where a file without a checkpoint begins. With `end`, what a pod wrote while the agent ' +
        'was away is not read.',
    )
    .meta({ examples: ['end'] }),
  multiline: z
    .array(multilineRule)
    .default([])
    .describe(
      'Entries of more than one line, by namespace, pod and container; the first rule wins.',
    )
    .meta({ examples: [[{ namespace: 'shop', container: 'app', first_line: '^\\d{4}-' }]] }),
  max_log_size: byteSize()
    .default('1Mi')
    .describe('Largest entry in bytes, after its parts were joined; longer ones are split.')
    .meta({ examples: ['256Ki'] }),
  poll_interval: goDuration
    .default('200ms')
    .describe('How often files are looked at, as a duration.')
    .meta({ examples: ['1s'] }),
  fsync: z
    .boolean()
    .default(true)
    .describe('Whether a checkpoint is synced to disk, so that a crash of the node repeats little.')
    .meta({ examples: [false] }),
});

export type PodLogsOptions = z.output<typeof podLogsOptions>;
