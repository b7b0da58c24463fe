/**
 * Entries of more than one line: a router sends each line to the first rule that fits its pod, and
 * the rule joins lines until the next first line. Lines that fit no rule go on alone.
 *
 *     router ─▶ multiline_0 ─▶ end
 *           ├─▶ multiline_1 ─▶ end
 *           └─────────────────▶ end
 */
import { escapeDollars } from '../../collector/escape.ts';
import type { JsonObject } from '../../core/json.ts';
import type { PodLogsOptions } from './config.ts';

type Rule = PodLogsOptions['multiline'][number];

/** Lines of one entry after which it is given out unfinished. */
const linesMax = 1000;

export function multilineOperators(
  rules: readonly Rule[],
  sizeMax: number,
  source: string,
): readonly JsonObject[] {
  if (rules.length === 0) return [];
  return [
    {
      id: 'multiline_router',
      type: 'router',
      routes: rules.map((rule, index) => ({ expr: condition(rule), output: `multiline_${index}` })),
      default: 'end',
    },
    ...rules.map((rule, index) => recombine(rule, `multiline_${index}`, sizeMax, source)),
  ];
}

function recombine(rule: Rule, id: string, sizeMax: number, source: string): JsonObject {
  return {
    id,
    type: 'recombine',
    combine_field: 'body',
    combine_with: '\n',
    is_first_entry: `body matches ${quote(rule.first_line)}`,
    source_identifier: source,
    force_flush_period: rule.flush_after,
    max_batch_size: linesMax,
    max_log_size: sizeMax,
    output: 'end',
  };
}

function condition(rule: Rule): string {
  const parts = [
    ...(rule.namespace === undefined
      ? []
      : [`resource["k8s.namespace.name"] == ${quote(rule.namespace)}`]),
    ...(rule.pod === undefined
      ? []
      : [`resource["k8s.pod.name"] matches ${quote(`^(?:${rule.pod})$`)}`]),
    ...(rule.container === undefined
      ? []
      : [`resource["k8s.container.name"] == ${quote(rule.container)}`]),
  ];
  return parts.length === 0 ? 'true' : parts.join(' and ');
}

/** A text of the expression language, inside a file in which a single dollar is a reference. */
function quote(text: string): string {
  return escapeDollars(JSON.stringify(text));
}
