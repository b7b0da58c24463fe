/** Codes of what asks a Kubernetes API server while it runs; part of the table in `codes.ts`. */
export const kubernetesCodes = {
  'OBS-6070': {
    title: 'no kubeconfig that can be used',
    cause:
      'No file says where the API server is: none was named, none is in its usual place, and ' +
      'this is no pod; or the file cannot be read, or its current context has no cluster.',
    next: 'Name a kubeconfig whose current context is the cluster; `kubectl config view` shows it.',
  },
  'OBS-6071': {
    title: 'the Kubernetes API server is not reached',
    cause: 'Nothing answers at its address, or its certificate is not of the CA of the kubeconfig.',
    next: 'Run `kubectl version` with the same kubeconfig, on the same machine.',
  },
  'OBS-6072': {
    title: 'the Kubernetes API server does not take the credentials',
    cause: 'The token or certificate has ended, or is of another cluster.',
    next: 'Renew what the kubeconfig names; `kubectl auth whoami` shows whether it is taken.',
  },
  'OBS-6073': {
    title: 'a list of entities is not readable',
    cause: 'An entry lacks its name, is there twice, or has a value of another kind.',
    next: 'Mend the lines that are named; nothing of the file was recorded.',
  },
} as const;
