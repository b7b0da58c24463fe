/** What counts as edited by hand, and what the Collector does to a configuration by itself. */
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { editedComponents } from './compare.ts';

const rendered = `
extensions: {health_check: {endpoint: "\${env:MY_POD_IP}:13133"}}
receivers:
  file_log/pods: {include: [/var/log/a, /var/log/b], poll_interval: 90s, operators: [{type: add}]}
processors: {memory_limiter: {check_interval: 1s, limit_mib: 400}, batch: {}}
exporters:
  otlp_grpc/gateway:
    endpoint: gateway:4317
    headers: {authorization: "Bearer \${env:TOKEN}", price: "5 $$"}
    sending_queue: {sizer: bytes, queue_size: 1024}
service:
  extensions: [health_check]
  pipelines:
    logs: {receivers: [file_log/pods], processors: [memory_limiter], exporters: [otlp_grpc/gateway]}
    metrics: {receivers: [file_log/pods], exporters: [otlp_grpc/gateway]}
  telemetry: {metrics: {level: normal}}
`;

/** As a Collector shows it: defaults, resolved references, durations as Go writes them. */
const effective = `
extensions: {health_check: {endpoint: "10.0.0.7:13133", path: /}}
receivers:
  file_log/pods:
    include: [/var/log/a, /var/log/b]
    poll_interval: 1m30s
    start_at: end
    operators: [{}]
processors: {memory_limiter: {check_interval: 1s, limit_mib: 400, limit_percentage: 0}, batch: null}
exporters:
  otlp_grpc/gateway:
    endpoint: gateway:4317
    headers: [{name: authorization, value: "[REDACTED]"}, {name: price, value: "5 $"}]
    sending_queue: {sizer: {}, queue_size: 1024, num_consumers: 10}
connectors: {}
service:
  extensions: [health_check]
  pipelines:
    logs: {receivers: [file_log/pods], processors: [memory_limiter], exporters: [otlp_grpc/gateway]}
    metrics: {receivers: [file_log/pods], processors: [], exporters: [otlp_grpc/gateway]}
  telemetry: {metrics: {level: Normal}, logs: {level: info}}
`;

/** What is found when one text of what runs is another one. */
function edited(from: string, to: string) {
  expect(effective).toContain(from);
  return editedComponents(parse(rendered), parse(effective.replace(from, to)));
}

describe('a configuration that runs', () => {
  it('is the rendered one although it is written in another way', () => {
    expect(editedComponents(parse(rendered), parse(effective))).toEqual([]);
  });

  it.each([
    ['a number', 'limit_mib: 400', 'limit_mib: 800', 'processors.memory_limiter', 'limit_mib'],
    ['a duration', '1m30s', '1m31s', 'receivers.file_log/pods', 'poll_interval'],
    ['what stands beside a reference', ':13133', ':13134', 'extensions.health_check', 'endpoint'],
    ['a header', '"5 $"', '"6 $"', 'exporters.otlp_grpc/gateway', 'headers.price'],
    ['an item', '/var/log/b', '/var/log/c', 'receivers.file_log/pods', 'include[1]'],
    ['one more item', '[{}]', '[{}, {}]', 'receivers.file_log/pods', 'operators'],
    ['a pipeline', 'processors: []', 'processors: [batch]', 'pipelines.metrics', 'processors'],
    ['an extension', '[health_check]', '[health_check, pprof]', 'service', 'extensions'],
    ['a level', 'level: Normal', 'level: Detailed', 'service', 'telemetry.metrics.level'],
  ])('differs by %s', (_name, from, to, component, path) => {
    expect(edited(from, to)).toEqual([
      { component, change: 'changed', fields: [expect.objectContaining({ path })] },
    ]);
  });

  it('differs by a component more, and by one less', () => {
    expect(edited('connectors: {}', 'connectors: {count: {}}')).toEqual([
      { component: 'connectors.count', change: 'added', fields: [] },
    ]);
    expect(edited(', batch: null', '')).toEqual([
      { component: 'processors.batch', change: 'removed', fields: [] },
    ]);
  });

  it('says what is rendered, and what runs', () => {
    expect(edited('limit_mib: 400', 'limit_mib: 800')[0]?.fields).toEqual([
      { path: 'limit_mib', before: 400, after: 800 },
    ]);
  });
});
