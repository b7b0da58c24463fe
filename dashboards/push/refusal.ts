/** What Grafana says when it does not do as it was asked, as a problem with a next step. */
import { isProblem, Problem } from '../../core/problem.ts';

type Answer = { readonly status: number; readonly text: string };

const charsShown = 300;

/** `what` completes “may not …” and “refused to …”. */
export function refusalOf(what: string, { status, text }: Answer, address: string): Problem {
  const said = messageOf(text);
  const words = said === '' ? '' : `: ${said}`;
  const options = { where: address } as const;
  const outside = { where: address, reach: 'outside' } as const;
  if (status === 401) return new Problem('OBS-4105', `GRAFANA_TOKEN is refused${words}`, outside);
  if (/provisioned|read-only/i.test(said)) {
    return new Problem('OBS-4110', `Grafana refused to ${what}${words}`, options);
  }
  if (status === 403) {
    return new Problem('OBS-4106', `the token may not ${what}${words}`, outside);
  }
  if (status === 409 || status === 412) {
    return new Problem('OBS-4109', `a conflict when trying to ${what}${words}`, options);
  }
  return new Problem('OBS-4111', `Grafana refused to ${what} (${status})${words}`, options);
}

/** Grafana's own words; the first line of anything else. */
export function messageOf(text: string): string {
  let said = text;
  try {
    const answer: unknown = JSON.parse(text);
    const message = typeof answer === 'object' && answer !== null && 'message' in answer;
    if (message) said = String(answer.message);
  } catch {
    // A proxy's page.
  }
  const line = said.trim().split('\n')[0] ?? '';
  return line.length <= charsShown ? line : `${line.slice(0, charsShown)}…`;
}

/** Wraps what asks a Grafana: of a token that may not, it says `next`, what the thing needs. */
export function namingRights(next: string): <Done>(ask: () => Promise<Done>) => Promise<Done> {
  return async (ask) => {
    try {
      return await ask();
    } catch (error) {
      if (!isProblem(error) || error.code !== 'OBS-4106') throw error;
      const { where } = error;
      const place = where === undefined ? {} : { where };
      const options = { ...place, next, reach: 'outside', cause: error } as const;
      throw new Problem('OBS-4106', error.message, options);
    }
  };
}
