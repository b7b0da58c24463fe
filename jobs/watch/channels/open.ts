/** A channel of the stack file with its secret, ready to be sent to. */
import type { Channel, ChannelType } from '../../../dashboards/alerts/routing/config.ts';
import type { OpenChannel } from './channel.ts';
import { opsgenieChannel } from './opsgenie.ts';
import { pagerdutyChannel } from './pagerduty.ts';
import { slackChannel } from './slack.ts';
import { teamsChannel } from './teams.ts';
import { webhookChannel } from './webhook.ts';

type Open = (name: string, secret: string, apiUrl?: string) => OpenChannel;

const kinds: Readonly<Record<ChannelType, Open>> = {
  webhook: webhookChannel,
  slack: slackChannel,
  pagerduty: pagerdutyChannel,
  opsgenie: opsgenieChannel,
  teams: teamsChannel,
};

/** `secrets` by the name of the channel, as `readSecrets` gives them. */
export function openChannels(
  channels: readonly Channel[],
  secrets: ReadonlyMap<string, string>,
): readonly OpenChannel[] {
  return channels.map(({ name, type, api_url: apiUrl }) =>
    kinds[type](name, secrets.get(name) ?? '', apiUrl),
  );
}
