/** Kubernetes manifests as far as the tests look at them; the schema test holds the whole of each to Kubernetes' description. */
import { parseAllDocuments } from 'yaml'

interface Metadata {
  name: string
  labels?: Record<string, string>
}

export interface LabelSelector {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values: string[] }[]
}

interface HttpProbe {
  httpGet: { path: string; port: string }
}

export interface Container {
  name: string
  image: string
  args: string[]
  env: { name: string; value?: string; valueFrom?: { secretKeyRef?: { name: string; key: string } } }[]
  ports: { name: string; containerPort: number }[]
  lifecycle?: { preStop: { sleep: { seconds: number } } }
  startupProbe: HttpProbe
  readinessProbe: HttpProbe
  livenessProbe: HttpProbe
  resources: { requests: Record<string, string>; limits: Record<string, string> }
  securityContext: object
}

export interface PodSpec {
  containers: Container[]
  serviceAccountName: string
  terminationGracePeriodSeconds: number
  topologySpreadConstraints: object[]
  affinity: {
    podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: { podAffinityTerm: object }[] }
  }
}

export interface Deployment {
  metadata: Metadata
  spec: { replicas?: number; selector: LabelSelector; template: { metadata: Metadata; spec: PodSpec } }
}

export interface Service {
  metadata: Metadata
  spec: { selector: Record<string, string>; ports: { port: number; targetPort: string }[] }
}

export interface Autoscaler {
  metadata: Metadata
  spec: {
    scaleTargetRef: { name: string }
    minReplicas: number
    maxReplicas: number
    metrics: { type: string; resource?: object; external?: object }[]
  }
}

interface PolicyRule {
  from?: object[]
  to?: object[]
  ports: { port: number }[]
}

export interface NetworkPolicy {
  metadata: Metadata
  spec: { podSelector: LabelSelector; policyTypes: string[]; ingress?: PolicyRule[]; egress?: PolicyRule[] }
}

interface Kinds {
  Deployment: Deployment
  Service: Service
  HorizontalPodAutoscaler: Autoscaler
  NetworkPolicy: NetworkPolicy
  PodDisruptionBudget: { metadata: Metadata; spec: object }
  ServiceAccount: { metadata: Metadata; automountServiceAccountToken: boolean }
  Secret: { metadata: Metadata }
}

export interface Manifest {
  kind: string
  metadata: Metadata
  spec?: object
}

export function manifestsOf(yaml: string): Manifest[] {
  return parseAllDocuments(yaml).map((document) => {
    if ('errors' in document && document.errors[0] !== undefined) throw document.errors[0]
    return document.toJS() as Manifest
  })
}

/** Questions to the manifests of one overlay. */
export function inspect(manifests: readonly Manifest[]) {
  const ofKind = <K extends keyof Kinds>(kind: K): Kinds[K][] =>
    manifests.filter((manifest) => manifest.kind === kind) as unknown as Kinds[K][]
  const one = <K extends keyof Kinds>(kind: K, name: string): Kinds[K] => {
    const found = ofKind(kind).filter(({ metadata }) => metadata.name === name)
    if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} manifests ${kind} ${name}`)
    return found[0]
  }
  return { ofKind, one }
}

/** As Kubernetes selects by labels; of the operators the one that is in use. */
export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      if (operator !== 'In') throw new Error(`an operator that this test does not know: ${operator}`)
      return values.includes(labels[key] ?? '')
    })
  )
}
