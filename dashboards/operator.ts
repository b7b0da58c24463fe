/**
 * Folder, dashboards, alert rules and contact points as objects of the Grafana operator
 * (https://grafana.github.io/grafana-operator/docs/api/), a file each. Secrets of contact points
 * come from a Secret of the cluster: no object has one.
 *
 * Its GrafanaNotificationPolicyRoute has to name a contact point, and our policy names none, so
 * that policy and mute timings come by a push or by hand.
 */
import { stringify } from 'yaml';
import type { JsonObject } from '../core/json.ts';
import { Problem } from '../core/problem.ts';
import { alertRules } from './alerts/catalog.ts';
import { fileRule, ruleGroups } from './alerts/grafana.ts';
import type { Channel } from './alerts/routing/config.ts';
import { contactPointOf, secretSetting } from './alerts/routing/grafana.ts';
import { dashboards } from './catalog.ts';
import { fedOptions, type RenderedFile, type RenderOptions } from './render.ts';

/** Client-side apply keeps the whole object in an annotation of 256 KiB. */
const objectBytesMax = 200 * 1024;

/** Names an object of ours refers to. */
const folderName = 'obsctl';
const folderUid = 'obsctl-dashboards';
const secretName = 'obsctl-channels';

/** Instances that the objects choose; the operator's own examples carry this label. */
const common = {
  allowCrossNamespaceImport: true,
  instanceSelector: { matchLabels: { dashboards: 'grafana' } },
} as const;

/** Every object, what others refer to first; always the same bytes. */
export function operatorFiles(options: RenderOptions = {}): readonly RenderedFile[] {
  const { folder = 'obsctl', routing } = options;
  return [
    objectFile('GrafanaFolder', 'folder', folderName, { uid: folderUid, title: folder }),
    ...dashboards(fedOptions(options)).map((dashboard) => {
      // Lines for whoever reads a difference; two blanks a level would be a tenth of the object.
      const json = `${JSON.stringify(dashboard, null, 1)}\n`;
      const spec = { folderRef: folderName, json };
      return objectFile('GrafanaDashboard', 'dashboard', dashboard.uid, spec);
    }),
    ...ruleFiles(options),
    ...(routing?.channels ?? []).map(contactPointFile),
  ];
}

function ruleFiles(options: RenderOptions): readonly RenderedFile[] {
  return ruleGroups(alertRules(fedOptions(options)), options).map(({ title, interval, rules }) =>
    objectFile('GrafanaAlertRuleGroup', 'alert-rules', title, {
      name: title,
      folderRef: folderName,
      interval: `${interval}s`,
      rules: JSON.parse(JSON.stringify(rules.map(fileRule))),
    }),
  );
}

/** The key of the Secret is the name of the channel. */
function contactPointFile(channel: Channel): RenderedFile {
  const { uid, name, type, disableResolveMessage, settings } = contactPointOf(channel, '');
  const targetPath = secretSetting(channel);
  const spec = { uid, name, type, disableResolveMessage };
  if (targetPath === undefined) {
    return objectFile('GrafanaContactPoint', 'contact-point', name, { ...spec, settings });
  }
  const { [targetPath]: _, ...open } = settings;
  const valueFrom = { secretKeyRef: { name: secretName, key: channel.name } };
  return objectFile('GrafanaContactPoint', 'contact-point', name, {
    ...spec,
    settings: open,
    valuesFrom: [{ targetPath, valueFrom }],
  });
}

type Kind = 'GrafanaFolder' | 'GrafanaDashboard' | 'GrafanaAlertRuleGroup' | 'GrafanaContactPoint';

function objectFile(kind: Kind, word: string, name: string, spec: JsonObject): RenderedFile {
  const object = {
    apiVersion: 'grafana.integreatly.org/v1beta1',
    kind,
    metadata: { name },
    spec: { ...common, ...spec },
  };
  const bytes = Buffer.byteLength(JSON.stringify(object));
  const path = `${word}-${name.replace(/^obsctl-/, '')}.yaml`;
  if (bytes > objectBytesMax) {
    throw new Problem('OBS-1304', `the object has ${bytes} bytes`, { where: path });
  }
  return { path, text: stringify(object, { lineWidth: 0, version: '1.1' }) };
}
