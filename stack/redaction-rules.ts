/** What the keys of `gateway.redaction` mean together: rules that could not do what they say. */
import { patternFault } from '../gateway/config.ts';
import type { KeyPath } from './document.ts';
import type { PlacelessFault } from './issues.ts';
import { clash, isRawMap, mapAt, type RawMap } from './raw.ts';

export function redactionRules(stack: RawMap): readonly PlacelessFault[] {
  const at = ['gateway', 'redaction'];
  const redaction = mapAt(stack, ...at);
  return [...keyFaults(redaction, at), ...redactionFaults(redaction, at)];
}

/** Found here, because a gateway without the key does not start. */
function keyFaults(redaction: RawMap, at: KeyPath): readonly PlacelessFault[] {
  const { rules, key } = redaction;
  if (!Array.isArray(rules) || key !== undefined) return [];
  const index = rules.findIndex((rule: unknown) => isRawMap(rule) && rule['action'] === 'hash');
  if (index < 0) return [];
  return [
    clash(
      [...at, 'rules', index, 'action'],
      'this rule hashes, and gateway.redaction names no key to hash with',
      'Add “key: {secret: redaction, key: key}” beside “rules”, and make that Secret.',
    ),
  ];
}

/** Also for rules in a file of their own, which are at the top of it. */
export function redactionFaults(redaction: RawMap, at: KeyPath): readonly PlacelessFault[] {
  const { rules } = redaction;
  if (!Array.isArray(rules)) return [];
  return rules.flatMap((rule: unknown, index) =>
    isRawMap(rule) ? ruleFaults(rule, [...at, 'rules', index]) : [],
  );
}

function ruleFaults(rule: RawMap, path: KeyPath): readonly PlacelessFault[] {
  const faults: PlacelessFault[] = [];
  if (rule['attributes'] === undefined && rule['bodies'] !== true) {
    faults.push(
      clash(
        [...path, 'action'],
        'this rule names neither attributes nor bodies',
        'Add a list of keys: attributes: [user.email].',
      ),
    );
  }
  for (const key of ['pattern', 'replacement']) {
    if (rule[key] === undefined || rule['action'] === 'mask') continue;
    faults.push(
      clash(
        [...path, key],
        `${key} is read by rules that mask, and this one does not`,
        'Take it out, or use “action: mask”.',
      ),
    );
  }
  const { pattern } = rule;
  const wrong = typeof pattern === 'string' ? patternFault(pattern) : undefined;
  if (wrong !== undefined) {
    faults.push({
      path: [...path, 'pattern'],
      on: 'value',
      code: 'OBS-1207',
      message: `the pattern cannot be used: ${wrong}`,
      expected: 'a regular expression that is matched in linear time',
      next: 'docs/guide/sampling-and-redaction.md lists what a pattern may have.',
    });
  }
  return faults;
}
