/**
 * From a line of a log file to a log record. The formats of containerd and CRI-O are taken apart
 * here, step by step, and not by the operator `container`: that one hands its lines on from a
 * buffer of its own, after their position was kept, so a killed agent loses up to 100 ms of them
 * (`test/collector/node-agent.test.ts` kills it so). Docker's format it hands on at once.
 *
 *     runtime ─▶ cri ─▶ cri_parts ─▶ … ─▶ pod ─▶ … ─▶ lines ─▶ (multiline) ─▶ end
 *            └─▶ docker ─▶ docker_parts ─▶ docker_end ─▶ lines
 */
import type { JsonObject } from '../../core/json.ts';
import type { PodLogsOptions } from './config.ts';
import { multilineOperators } from './multiline.ts';

/** Where a line came from: the two streams of a container share one file and alternate. */
const sourceField = 'attributes.log_source';

/** Time, stream, whether the line is whole (F) or a part (P), text. */
const criLine = '^(?P<time>[^ ]+) (?P<stream>stdout|stderr) (?P<part>[^ ]*) ?(?P<log>(?s:.*))$$';
const criTime = '2006-01-02T15:04:05.999999999Z07:00';

/** The kubelet's layout below `/var/log/pods`; a rotated file has its time behind the name. */
const podPath =
  '/(?P<namespace>[^/_]+)_(?P<pod>[^/_]+)_(?P<uid>[^/_]+)' +
  '/(?P<container>[^/]+)/(?P<restarts>\\d+)\\.log[^/]*$$';

const podAttributes: Readonly<Record<string, string>> = {
  namespace: 'k8s.namespace.name',
  pod: 'k8s.pod.name',
  uid: 'k8s.pod.uid',
  container: 'k8s.container.name',
  restarts: 'k8s.container.restart_count',
};

export function podLogOperators(options: PodLogsOptions, sizeMax: number): readonly JsonObject[] {
  const cri = options.format !== 'docker';
  const docker = options.format === 'docker' || options.format === 'auto';
  const runtime = {
    id: 'runtime',
    type: 'router',
    routes: [{ expr: 'body startsWith "{"', output: 'docker' }],
    default: 'cri',
  };
  return [
    ...(cri && docker ? [runtime] : []),
    ...(docker ? dockerOperators(sizeMax, cri) : []),
    ...(cri ? criOperators(sizeMax) : []),
    ...(cri ? podOperators() : []),
    { id: 'lines', type: 'noop' },
    ...multilineOperators(options.multiline, sizeMax, sourceField),
    { id: 'end', type: 'remove', field: sourceField },
  ];
}

function addSource(id: string, stream: string): JsonObject {
  const value = `EXPR(attributes["log.file.path"] + " " + attributes${stream})`;
  return { id, type: 'add', field: sourceField, value };
}

function criOperators(sizeMax: number): readonly JsonObject[] {
  return [
    {
      id: 'cri',
      type: 'regex_parser',
      regex: criLine,
      timestamp: { parse_from: 'attributes.time', layout_type: 'gotime', layout: criTime },
    },
    addSource('cri_source', '["stream"]'),
    joinParts('cri_parts', 'attributes.log', 'attributes.part startsWith "F"', sizeMax),
    { id: 'cri_body', type: 'move', from: 'attributes.log', to: 'body' },
    { id: 'cri_stream', type: 'move', from: 'attributes.stream', to: 'attributes["log.iostream"]' },
    { id: 'cri_time_end', type: 'remove', field: 'attributes.time' },
    { id: 'cri_part_end', type: 'remove', field: 'attributes.part' },
  ];
}

/** Namespace, pod and container stand in the path alone. */
function podOperators(): readonly JsonObject[] {
  return [
    {
      id: 'pod',
      type: 'regex_parser',
      regex: podPath,
      parse_from: 'attributes["log.file.path"]',
      parse_to: 'resource',
    },
    ...Object.entries(podAttributes).map(([from, to]) => ({
      id: `pod_${from}`,
      type: 'move',
      from: `resource.${from}`,
      to: `resource["${to}"]`,
    })),
  ];
}

/** Docker ends a whole line with a line feed and a part without one. */
function dockerOperators(sizeMax: number, thenOverCri: boolean): readonly JsonObject[] {
  return [
    { id: 'docker', type: 'container', format: 'docker', add_metadata_from_filepath: true },
    addSource('docker_source', '["log.iostream"]'),
    joinParts('docker_parts', 'body', 'body endsWith "\\n"', sizeMax),
    {
      id: 'docker_end',
      type: 'regex_replace',
      field: 'body',
      regex: '\\r?\\n$$',
      replace_with: '',
      ...(thenOverCri && { output: 'lines' }),
    },
  ];
}

function joinParts(id: string, field: string, isLast: string, sizeMax: number): JsonObject {
  return {
    id,
    type: 'recombine',
    combine_field: field,
    combine_with: '',
    is_last_entry: isLast,
    source_identifier: sourceField,
    // Bounded by size alone; a part whose end never came is given out after a while.
    max_batch_size: 0,
    max_unmatched_batch_size: 0,
    max_log_size: sizeMax,
    force_flush_period: '5s',
  };
}
