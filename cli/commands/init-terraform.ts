/**
 * The sections of a stack file out of what `terraform output -json` prints: the outputs
 * `clickhouse` and `grafana` of our modules are such sections as they stand.
 */
import { readFile } from 'node:fs/promises';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { Problem } from '../../core/problem.ts';
import type { StarterSections } from '../../stack/starter.ts';

/** @param wantsGrafana whether the output `grafana` has to be there */
export async function readTerraformOutputs(
  file: string,
  wantsGrafana: boolean,
): Promise<StarterSections> {
  const outputs = await readOutputs(file);
  const clickhouse = sectionOf(outputs, 'clickhouse', file);
  return wantsGrafana
    ? { clickhouse, grafana: sectionOf(outputs, 'grafana', file) }
    : { clickhouse };
}

async function readOutputs(file: string): Promise<JsonObject> {
  let value: JsonValue;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const reason = Error.isError(error) ? error.message : String(error);
    throw new Problem('OBS-1214', `the file cannot be read as JSON: ${reason}`, {
      where: file,
      cause: error,
      next: 'Write it: terraform output -json > FILE.',
    });
  }
  if (isObject(value)) return value;
  throw new Problem('OBS-1214', 'the file holds no outputs, but another kind of JSON', {
    where: file,
    next: 'Write it: terraform output -json > FILE.',
  });
}

function sectionOf(outputs: JsonObject, name: string, file: string): JsonObject {
  const output = Object.hasOwn(outputs, name) ? outputs[name] : undefined;
  if (!isObject(output) || !('value' in output)) {
    const names = Object.keys(outputs);
    const others = names.length === 0 ? 'none at all' : names.join(', ');
    throw new Problem('OBS-1214', `there is no output \`${name}\`; there is ${others}`, {
      where: file,
      next:
        name === 'grafana'
          ? 'Add the output `grafana` of the module grafana and apply, or say --no-grafana.'
          : 'Add the output `clickhouse` of the module clickhouse-access, and apply.',
    });
  }
  if (output['sensitive'] === true) {
    throw new Problem('OBS-1215', `the output \`${name}\` is sensitive`, { where: file });
  }
  const value = output['value'];
  if (isObject(value)) return value;
  throw new Problem('OBS-1214', `the output \`${name}\` is no object with keys of the stack file`, {
    where: file,
  });
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
