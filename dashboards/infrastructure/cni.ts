/** CNI: does the network of the pods work, and what does its plugin drop, refuse or run out of? */
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { ciliumRow } from './cni-cilium.ts';
import { awsRow, calicoRow } from './cni-others.ts';
import { clusterVariable } from './kubernetes-parts.ts';

export function cniDashboard(): DashboardJson {
  return board({
    key: 'cni',
    title: 'CNI',
    description:
      'The network plugin of the nodes (Cilium, Calico or AWS VPC CNI): packets that are dropped,' +
      ' policies, full maps, addresses that run out, updates that fail. Of the three sections one' +
      ' has data: that of the plugin which the cluster runs.',
    variables: [clusterVariable()],
    rows: [ciliumRow(), calicoRow(), awsRow()],
    from: 'now-1h',
    refresh: '30s',
  });
}
