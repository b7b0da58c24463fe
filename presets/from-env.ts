/** The value of an environment variable, which the Collector puts in when it starts. */
export function fromEnv(name: string): string {
  return `\${env:${name}}`;
}
