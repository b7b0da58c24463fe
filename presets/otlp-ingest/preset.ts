/**
 * Preset `otlp_ingest`: OTLP from the applications of the node, on the pod's address and, if asked,
 * on the node's. On a machine without Kubernetes it leaves the gateway's ports to the gateway.
 */
import { parseBytes } from '../../core/units.ts';
import { fromEnv } from '../from-env.ts';
import type { Preset, PresetContext } from '../preset.ts';
import type { OtlpIngestOptions } from './config.ts';

const receiverId = 'otlp';
const mebibyte = 1024 ** 2;

const usualPorts = {
  kubernetes: { grpc: 4317, http: 4318 },
  host: { grpc: 14_317, http: 14_318 },
};

/** Where the API server refuses ports on the node's address. */
const withoutHostPorts: readonly PresetContext['platform'][] = ['gke-autopilot', 'aks-automatic'];

export const otlpIngest: Preset<OtlpIngestOptions> = {
  name: 'otlp_ingest',
  summary: 'Takes OTLP from the applications of the node.',
  agents: ['node-agent'],
  build: (options, context) => {
    const grpc = options.grpc_port ?? usualPorts[context.target].grpc;
    const http = options.http_port ?? usualPorts[context.target].http;
    const address = context.target === 'host' ? '127.0.0.1' : fromEnv('MY_POD_IP');
    const mayOpen = context.target === 'kubernetes' && !withoutHostPorts.includes(context.platform);
    const host = options.host_port && mayOpen;
    const sizeMax = parseBytes(options.request_size_max) ?? 0;
    return {
      piece: {
        preset: 'otlp_ingest',
        components: [
          {
            kind: 'receiver',
            id: receiverId,
            config: {
              protocols: {
                grpc: {
                  endpoint: `${address}:${grpc}`,
                  max_recv_msg_size_mib: Math.max(1, Math.ceil(sizeMax / mebibyte)),
                },
                http: { endpoint: `${address}:${http}`, max_request_body_size: sizeMax },
              },
            },
          },
        ],
        attachments: (['traces', 'metrics', 'logs'] as const).map((pipeline) => ({
          pipeline,
          as: 'receiver',
          id: receiverId,
        })),
      },
      needs: {
        ports: [
          { name: 'otlp-grpc', port: grpc, protocol: 'TCP', ...(host && { host }) },
          { name: 'otlp-http', port: http, protocol: 'TCP', ...(host && { host }) },
        ],
      },
      warnings:
        options.host_port && !mayOpen && context.target === 'kubernetes'
          ? [`no ports on the node's address on ${context.platform}: send to the agent's Service`]
          : [],
    };
  },
};
