/** Whom `obsctl watch` tells: the channels of the stack file, and the webhook of its options. */
import { Problem } from '../../core/problem.ts';
import type { Routing } from '../../dashboards/alerts/routing/config.ts';
import { routesOf } from '../../dashboards/alerts/routing/routes.ts';
import { readSecrets } from '../../dashboards/alerts/routing/secrets.ts';
import type { OpenChannel } from '../../jobs/watch/channels/channel.ts';
import { openChannels } from '../../jobs/watch/channels/open.ts';
import { webhookChannel } from '../../jobs/watch/channels/webhook.ts';
import type { CliContext } from '../context.ts';

type Told = { readonly channels: readonly OpenChannel[]; readonly routing: Routing };

/** No name that a stack file can give. */
const optionName = '--webhook';

/** Throws OBS-6023 for a secret that is not there, OBS-6026 for e-mail without a server. */
export async function channelsOf(
  routing: Routing,
  webhook: string | undefined,
  { env }: Pick<CliContext, 'env'>,
): Promise<Told> {
  const secrets = await readSecrets(routing.channels, env);
  const channels = await openChannels(routing.channels, secrets);
  const url = webhookUrl(webhook ?? env['OBSCTL_WEBHOOK_URL']);
  if (url === undefined) return { channels, routing };
  return {
    channels: [...channels, webhookChannel(optionName, url)],
    routing: withWebhook(routing),
  };
}

/** The address may hold a secret, so a message does not repeat it. */
function webhookUrl(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url.href;
  throw new Problem('OBS-1003', '--webhook: expected an http or https URL');
}

/** It gets everything at once, in one message, beside what the routes say. */
function withWebhook(routing: Routing): Routing {
  const route = {
    match: {},
    channels: [optionName],
    continue: true,
    group_by: [],
    group_wait: '0s',
    mute_timings: [],
  };
  return { ...routing, routes: [route, ...routesOf(routing)] };
}
