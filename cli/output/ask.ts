/** Questions to a person at a terminal. */
import { createInterface } from 'node:readline/promises';

export type Ask = (question: string, fallback: string) => Promise<string>;

/** Whether somebody is there to answer. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks on stderr; Enter takes the fallback. Gives nothing when it is interrupted. */
export async function askAtTerminal<Answer>(
  signal: AbortSignal,
  talk: (ask: Ask) => Promise<Answer>,
): Promise<Answer | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await talk(async (question, fallback) => {
      const shown = fallback === '' ? '' : ` [${fallback}]`;
      const answer = await lines.question(`${question}${shown}: `, { signal });
      return answer.trim() === '' ? fallback : answer.trim();
    });
  } catch (error) {
    if (Error.isError(error) && error.name === 'AbortError') return undefined;
    throw error;
  } finally {
    lines.close();
  }
}
