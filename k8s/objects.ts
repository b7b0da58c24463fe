/**
 * The Kubernetes objects that obsctl renders, as plain readonly types: the kinds we use and of each
 * the fields we set. Keys are written in the order in which the builders put them.
 */
import type { JsonObject } from '../core/json.ts';

export type StringMap = Readonly<Record<string, string>>;

export type Metadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: StringMap;
  readonly annotations?: StringMap;
};

type Base<ApiVersion extends string, Kind extends string> = {
  readonly apiVersion: ApiVersion;
  readonly kind: Kind;
  readonly metadata: Metadata;
};

export type Namespace = Base<'v1', 'Namespace'>;

type ServiceAccount = Base<'v1', 'ServiceAccount'> & {
  readonly automountServiceAccountToken: boolean;
};

export type ConfigMap = Base<'v1', 'ConfigMap'> & { readonly data: StringMap };

export type RbacRule = {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
};

type RbacGroup = 'rbac.authorization.k8s.io/v1';

type ClusterRole = Base<RbacGroup, 'ClusterRole'> & { readonly rules: readonly RbacRule[] };

type Role = Base<RbacGroup, 'Role'> & { readonly rules: readonly RbacRule[] };

type Binding = {
  readonly roleRef: {
    readonly apiGroup: 'rbac.authorization.k8s.io';
    readonly kind: 'ClusterRole' | 'Role';
    readonly name: string;
  };
  readonly subjects: readonly {
    readonly kind: 'ServiceAccount';
    readonly name: string;
    readonly namespace: string;
  }[];
};

type ClusterRoleBinding = Base<RbacGroup, 'ClusterRoleBinding'> & Binding;

type RoleBinding = Base<RbacGroup, 'RoleBinding'> & Binding;

type ServicePort = {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly targetPort: number | string;
};

export type Service = Base<'v1', 'Service'> & {
  readonly spec: {
    readonly type: 'ClusterIP';
    /** `None` makes the Service headless; otherwise the cluster chooses. */
    readonly clusterIP?: 'None';
    readonly internalTrafficPolicy?: 'Local';
    /** Names resolve before pods are ready: they become so by finding each other. */
    readonly publishNotReadyAddresses?: true;
    readonly selector: StringMap;
    readonly ports?: readonly ServicePort[];
  };
};

export type LabelSelector = { readonly matchLabels: StringMap };

type NetworkPeer = {
  readonly namespaceSelector?: LabelSelector;
  readonly podSelector?: LabelSelector;
  readonly ipBlock?: { readonly cidr: string };
};

export type NetworkPort = { readonly protocol: 'TCP' | 'UDP'; readonly port: number };

export type NetworkPolicy = Base<'networking.k8s.io/v1', 'NetworkPolicy'> & {
  readonly spec: {
    readonly podSelector: LabelSelector;
    readonly policyTypes: readonly ('Ingress' | 'Egress')[];
    readonly ingress?: readonly {
      readonly from?: readonly NetworkPeer[];
      readonly ports?: readonly NetworkPort[];
    }[];
    readonly egress?: readonly {
      readonly to?: readonly NetworkPeer[];
      readonly ports?: readonly NetworkPort[];
    }[];
  };
};

type PodDisruptionBudget = Base<'policy/v1', 'PodDisruptionBudget'> & {
  readonly spec: { readonly maxUnavailable: number; readonly selector: LabelSelector };
};

export type HorizontalPodAutoscaler = Base<'autoscaling/v2', 'HorizontalPodAutoscaler'> & {
  readonly spec: {
    readonly scaleTargetRef: {
      readonly apiVersion: 'apps/v1';
      readonly kind: 'StatefulSet';
      readonly name: string;
    };
    readonly minReplicas: number;
    readonly maxReplicas: number;
    readonly metrics: readonly {
      readonly type: 'Resource';
      readonly resource: {
        readonly name: 'cpu';
        readonly target: { readonly type: 'Utilization'; readonly averageUtilization: number };
      };
    }[];
    readonly behavior: { readonly scaleDown: { readonly selectPolicy: 'Disabled' } };
  };
};

export type ContainerEnv = {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly apiVersion: 'v1'; readonly fieldPath: string };
    readonly secretKeyRef?: { readonly name: string; readonly key: string };
  };
};

export type Probe = {
  readonly httpGet?: {
    readonly path: string;
    readonly port: number | string;
    readonly scheme?: 'HTTP' | 'HTTPS';
    readonly host?: string;
  };
  readonly tcpSocket?: { readonly port: number | string; readonly host?: string };
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly failureThreshold?: number;
};

type SelinuxOptions = {
  readonly type?: string;
  readonly user?: string;
  readonly role?: string;
  readonly level?: string;
};

type SecurityProfile = {
  readonly type: 'RuntimeDefault' | 'Localhost' | 'Unconfined';
  readonly localhostProfile?: string;
};

/** What a pod and a container may both say; the container's word counts. */
export type CommonSecurity = {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly runAsNonRoot?: boolean;
  readonly seccompProfile?: SecurityProfile;
  readonly appArmorProfile?: SecurityProfile;
  readonly seLinuxOptions?: SelinuxOptions;
  readonly windowsOptions?: { readonly hostProcess?: boolean; readonly runAsUserName?: string };
};

export type PodSecurityContext = CommonSecurity & {
  readonly fsGroup?: number;
  readonly fsGroupChangePolicy?: 'OnRootMismatch' | 'Always';
  readonly supplementalGroups?: readonly number[];
  readonly sysctls?: readonly { readonly name: string; readonly value: string }[];
};

export type ContainerSecurityContext = CommonSecurity & {
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly procMount?: string;
  readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
};

export type ContainerPort = {
  readonly name: string;
  readonly containerPort: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly hostPort?: number;
};

export type VolumeMount = {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly readOnly?: true;
  readonly mountPropagation?: 'HostToContainer';
};

export type LifecycleHook = {
  readonly sleep?: { readonly seconds: number };
  readonly httpGet?: { readonly path: string; readonly port: number; readonly host?: string };
  readonly tcpSocket?: { readonly port: number; readonly host?: string };
};

export type Container = {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly ContainerEnv[];
  readonly ports?: readonly ContainerPort[];
  readonly resources?: {
    readonly requests: StringMap;
    readonly limits: StringMap;
  };
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly lifecycle?: { readonly preStop?: LifecycleHook; readonly postStart?: LifecycleHook };
  readonly securityContext?: ContainerSecurityContext;
  readonly volumeMounts?: readonly VolumeMount[];
};

export type Volume = {
  readonly name: string;
  readonly configMap?: {
    readonly name: string;
    /** Absent: every key is a file. */
    readonly items?: readonly { readonly key: string; readonly path: string }[];
  };
  readonly secret?: {
    readonly secretName: string;
    /** Absent: every key is a file. */
    readonly items?: readonly { readonly key: string; readonly path: string }[];
  };
  readonly emptyDir?: { readonly sizeLimit?: string; readonly medium?: 'Memory' };
  readonly hostPath?: { readonly path: string; readonly type?: string };
  readonly persistentVolumeClaim?: { readonly claimName: string };
  /** Several ConfigMaps in one directory. */
  readonly projected?: {
    readonly sources: readonly { readonly configMap: { readonly name: string } }[];
  };
};

type Toleration = {
  readonly operator: 'Exists' | 'Equal';
  readonly key?: string;
  readonly value?: string;
  readonly effect?: string;
};

export type PodSpec = {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly hostNetwork?: boolean;
  readonly dnsPolicy?: 'ClusterFirstWithHostNet';
  readonly enableServiceLinks?: false;
  readonly nodeSelector?: StringMap;
  readonly tolerations?: readonly Toleration[];
  readonly topologySpreadConstraints?: readonly {
    readonly maxSkew: number;
    readonly topologyKey: string;
    readonly whenUnsatisfiable: 'ScheduleAnyway' | 'DoNotSchedule';
    readonly labelSelector: LabelSelector;
  }[];
  readonly terminationGracePeriodSeconds?: number;
  readonly restartPolicy?: 'OnFailure' | 'Never';
  readonly securityContext?: PodSecurityContext;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
};

export type PodTemplate = {
  readonly metadata: { readonly labels: StringMap; readonly annotations?: StringMap };
  readonly spec: PodSpec;
};

type DaemonSet = Base<'apps/v1', 'DaemonSet'> & {
  readonly spec: {
    readonly selector: LabelSelector;
    readonly updateStrategy: {
      readonly type: 'RollingUpdate';
      readonly rollingUpdate: { readonly maxUnavailable: string; readonly maxSurge: number };
    };
    readonly template: PodTemplate;
  };
};

type Deployment = Base<'apps/v1', 'Deployment'> & {
  readonly spec: {
    readonly replicas: number;
    readonly selector: LabelSelector;
    readonly strategy: { readonly type: 'Recreate' | 'RollingUpdate' };
    readonly template: PodTemplate;
  };
};

export type VolumeClaim = {
  readonly apiVersion: 'v1';
  readonly kind: 'PersistentVolumeClaim';
  readonly metadata: { readonly name: string; readonly labels?: StringMap };
  readonly spec: {
    readonly accessModes: readonly ['ReadWriteOnce'];
    readonly storageClassName?: string;
    readonly resources: { readonly requests: { readonly storage: string } };
  };
};

type StatefulSet = Base<'apps/v1', 'StatefulSet'> & {
  readonly spec: {
    /** Absent where an autoscaler owns the number. */
    readonly replicas?: number;
    readonly serviceName: string;
    readonly podManagementPolicy: 'Parallel';
    readonly persistentVolumeClaimRetentionPolicy?: {
      readonly whenDeleted: 'Retain';
      readonly whenScaled: 'Retain';
    };
    readonly selector: LabelSelector;
    readonly template: PodTemplate;
    readonly volumeClaimTemplates?: readonly VolumeClaim[];
  };
};

export type Job = Base<'batch/v1', 'Job'> & {
  readonly spec: {
    readonly backoffLimit: number;
    readonly template: PodTemplate;
  };
};

export type CronJob = Base<'batch/v1', 'CronJob'> & {
  readonly spec: {
    readonly schedule: string;
    readonly timeZone: 'Etc/UTC';
    readonly concurrencyPolicy: 'Forbid';
    readonly startingDeadlineSeconds: number;
    readonly successfulJobsHistoryLimit: number;
    readonly failedJobsHistoryLimit: number;
    readonly jobTemplate: {
      readonly metadata: { readonly labels: StringMap };
      readonly spec: {
        readonly activeDeadlineSeconds: number;
        readonly backoffLimit: number;
        readonly template: PodTemplate;
      };
    };
  };
};

/** Objects of kinds that the cluster may not have: only for those who asked for them. */
export type GrafanaCustomObject = Base<
  'grafana.integreatly.org/v1beta1',
  'GrafanaDashboard' | 'GrafanaDatasource' | 'GrafanaFolder'
> & { readonly spec: JsonObject };

export type Workload = DaemonSet | Deployment | StatefulSet | Job | CronJob;

export type KubernetesObject =
  | Namespace
  | ServiceAccount
  | ConfigMap
  | ClusterRole
  | ClusterRoleBinding
  | Role
  | RoleBinding
  | Service
  | NetworkPolicy
  | PodDisruptionBudget
  | HorizontalPodAutoscaler
  | Workload
  | GrafanaCustomObject;

/** Whether the object makes pods. */
export function isWorkload(object: KubernetesObject): object is Workload {
  return ['DaemonSet', 'Deployment', 'StatefulSet', 'Job', 'CronJob'].includes(object.kind);
}

/** What each of its pods is made from, wherever the kind keeps it. */
export function templateOf(workload: Workload): PodTemplate {
  return workload.kind === 'CronJob'
    ? workload.spec.jobTemplate.spec.template
    : workload.spec.template;
}
