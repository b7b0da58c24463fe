/**
 * The script of the credentials Job: for each Secret one POST to the API server. A Secret that is
 * there answers 409 and stays as it is, so the Job needs no right to read any, and no kubectl.
 */
import type { SecretRef } from './place.ts';

export type MadeSecret = { readonly secret: SecretRef; readonly user: string };

/** Bytes of randomness in a password. */
const passwordBytes = 24;

/**
 * `API` and `ACCOUNT` are variables of the container. The status decides, not how curl ended: an
 * API server that refuses need not read what is sent, and curl then fails with the status in hand.
 */
export function secretsScript(secrets: readonly MadeSecret[], namespace: string): string {
  const calls = secrets.map(
    ({ secret, user }) => `make ${secret.name} ${secret.userKey} ${user} ${secret.passwordKey}`,
  );
  return `set -eu
make() {
  password=$(head -c ${passwordBytes} /dev/urandom | base64 | tr -d '\\n' | tr '+/' '-_')
  status=$(printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"%s","labels":\
{"app.kubernetes.io/managed-by":"obsctl"}},"stringData":{"%s":"%s","%s":"%s"}}' \\
    "$1" "$2" "$3" "$4" "$password" |
    curl --silent --show-error --retry 5 --retry-connrefused --max-time 30 \\
      --cacert "$ACCOUNT/ca.crt" --header "Authorization: Bearer $(cat "$ACCOUNT/token")" \\
      --header 'Content-Type: application/json' --data-binary @- \\
      --output /dev/null --write-out '%{http_code}' \\
      "$API/api/v1/namespaces/${namespace}/secrets") || true
  case "$status" in
    201) echo "Secret $1 made" ;;
    409) echo "Secret $1 is there and stays as it is" ;;
    000) echo "Secret $1: no answer from the API server at $API" >&2; return 1 ;;
    *) echo "Secret $1: the API server answered $status" >&2; return 1 ;;
  esac
}
${calls.join('\n')}
`;
}
