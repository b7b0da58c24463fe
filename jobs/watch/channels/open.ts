/** A channel of the stack file with its secret, ready to be sent to. */
import type { Channel, ChannelType } from '../../../dashboards/alerts/routing/config.ts';
import type { OpenChannel } from './channel.ts';
import { emailChannel } from './email.ts';
import { opsgenieChannel } from './opsgenie.ts';
import { pagerdutyChannel } from './pagerduty.ts';
import { slackChannel } from './slack.ts';
import { teamsChannel } from './teams.ts';
import { webhookChannel } from './webhook.ts';

type Open = (name: string, secret: string, apiUrl?: string) => OpenChannel;

const kinds: Readonly<Record<Exclude<ChannelType, 'email'>, Open>> = {
  webhook: webhookChannel,
  slack: slackChannel,
  pagerduty: pagerdutyChannel,
  opsgenie: opsgenieChannel,
  teams: teamsChannel,
};

/** `secrets` by the name of the channel, as `readSecrets` gives them. */
export async function openChannels(
  channels: readonly Channel[],
  secrets: ReadonlyMap<string, string>,
): Promise<readonly OpenChannel[]> {
  return Promise.all(
    channels.map(async (channel) => {
      const { name, type, api_url: apiUrl } = channel;
      if (type === 'email') return emailChannel(channel, secrets.get(name));
      return kinds[type](name, secrets.get(name) ?? '', apiUrl);
    }),
  );
}
