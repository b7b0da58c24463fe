import { z } from 'zod';
import { described, goDuration } from '../words.ts';

function staticPod(component: string, port: number) {
  return z.strictObject({
    enabled: described(
      z.boolean().default(false),
      `Reads ${component}. Off by default: kubeadm binds it to the loopback address of its ` +
        'node, and managed clusters do not show it.',
      true,
    ),
    port: described(
      z.int().min(1).max(65_535).default(port),
      'Port of its metrics on the pod address.',
      port,
    ),
  });
}

/** Options of the preset `control_plane`. */
export const controlPlaneOptions = z.strictObject({
  scrape_interval: described(
    goDuration.default('60s'),
    'How often each part is read (a duration).',
    '30s',
  ),
  api_server: described(
    z
      .strictObject({
        enabled: described(
          z.boolean().default(true),
          'Reads every replica of the API server, found by the endpoints of the service ' +
            'kubernetes.',
          false,
        ),
      })
      .prefault({}),
    'The API server.',
    { enabled: true },
  ),
  scheduler: described(
    staticPod('kube-scheduler', 10_259).prefault({}),
    'The scheduler, by its static pods (label component=kube-scheduler).',
    { enabled: true },
  ),
  controller_manager: described(
    staticPod('kube-controller-manager', 10_257).prefault({}),
    'The controller manager, by its static pods (label component=kube-controller-manager).',
    { enabled: true },
  ),
  etcd: described(
    z
      .strictObject({
        enabled: described(
          z.boolean().default(false),
          'Reads etcd. Off by default: it is not reachable in managed clusters.',
          true,
        ),
        endpoints: described(
          z.array(z.string().regex(/^[^/]+:\d+$/, 'host:port')).default([]),
          'Addresses of the members as host:port; empty finds them by their static pods ' +
            '(label component=etcd) on `port`.',
          ['10.0.0.10:2379', '10.0.0.11:2379'],
        ),
        port: described(
          z.int().min(1).max(65_535).default(2381),
          'Port of the metrics listener where members are found by their pods.',
          2381,
        ),
        client_certificate_secret: described(
          z.string().min(1).optional(),
          'Secret with ca.crt, tls.crt and tls.key; without it etcd is read by plain HTTP.',
          'etcd-client',
        ),
      })
      .prefault({}),
    'etcd.',
    { enabled: true, endpoints: ['10.0.0.10:2379'], client_certificate_secret: 'etcd-client' },
  ),
  coredns: described(
    z
      .strictObject({
        enabled: described(
          z.boolean().default(true),
          'Reads CoreDNS, by its pods (label k8s-app=kube-dns) on port 9153.',
          false,
        ),
      })
      .prefault({}),
    'The cluster DNS.',
    { enabled: true },
  ),
  keep_all: described(
    z.boolean().default(false),
    'Keeps every metric. By default only the allow list of the README is kept, because an ' +
      'API server alone has over ten thousand series.',
    true,
  ),
});

export type ControlPlaneOptions = z.output<typeof controlPlaneOptions>;
