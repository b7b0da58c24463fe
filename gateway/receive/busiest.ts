/** Of several connections the one with the most calls since this was asked last. */
export function busiestOf<One extends { calls: number }>(
  connections: readonly One[],
): One | undefined {
  let found: One | undefined;
  let activeCount = 0;
  for (const connection of connections) {
    if (connection.calls > 0) activeCount += 1;
    if (found === undefined || connection.calls > found.calls) found = connection;
  }
  for (const connection of connections) connection.calls = 0;
  // One alone would take its load with it, and the next lane would send it on.
  return activeCount > 1 ? found : undefined;
}
