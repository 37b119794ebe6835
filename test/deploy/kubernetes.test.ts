/** The manifests of `deploy/kubernetes`, as the overlays come out: valid by Kubernetes' own description, and of one piece with the code. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { DRAIN_LIMIT_MS } from '../../cli/serve/run-serve.ts'
import { parseServeSettings, ROLES, type RoleName } from '../../cli/serve/serve-settings.ts'
import { VERSION } from '../../cli/version.ts'
import {
  build,
  digestOfTree,
  headerOf,
  kubernetesFolder,
  OVERLAYS,
  renderedFile,
} from '../../scripts/render-kubernetes.ts'
import { AGENT_TRACES, onlineTopicsFor } from '../../storage/log/topics.ts'
import { EXAMPLE_ENGINES, isRead } from './engines.ts'
import { inspect, type Manifest, manifestsOf, selects } from './manifests.ts'

const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'fixtures', 'schemas', 'kubernetes.json'), 'utf8'),
) as { kinds: Record<string, string>; definitions: object }
const ajv = new Ajv({ strict: false, allErrors: true }).addSchema({ definitions: schema.definitions }, 'kubernetes')

function problemsOf(manifest: Manifest): string[] {
  const ref = schema.kinds[manifest.kind]
  if (ref === undefined) return [`no schema for ${manifest.kind}`]
  const validate = ajv.compile({ $ref: `kubernetes${ref}` })
  if (validate(manifest)) return []
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  )
}

describe('the schema that manifests are held to', () => {
  const manifests = manifestsOf(readFileSync(renderedFile('small'), 'utf8'))
  const deployment = manifests.find(({ kind }) => kind === 'Deployment')

  test.each([
    ['a key that there is not', { replica: 2 }],
    ['a value of another type', { replicas: 'two' }],
    ['the lack of a key that has to be there', { selector: undefined }],
  ])('refuses %s', (_, spoilt) => {
    if (deployment === undefined) throw new Error('there is a Deployment')
    expect(problemsOf(deployment)).toEqual([])
    expect(problemsOf({ ...deployment, spec: { ...deployment.spec, ...spoilt } })).not.toEqual([])
  })
})

test('every file is in the tree of some overlay', () => {
  const files = readdirSync(kubernetesFolder, { recursive: true, encoding: 'utf8' })
  const kustomizations = files.filter((file) => file.endsWith('kustomization.yaml'))
  const named = kustomizations.flatMap((file) => {
    const folder = join(file, '..')
    const text = readFileSync(join(kubernetesFolder, file), 'utf8')
    return [...text.matchAll(/(?:^\s*- |path: )([\w./-]+\.yaml)$/gm)].map((match) => join(folder, match[1]!))
  })
  const yaml = files.filter((file) => file.endsWith('.yaml') && !file.endsWith('kustomization.yaml'))
  expect(yaml.filter((file) => !named.includes(file))).toEqual([])
  expect(named.filter((file) => !yaml.includes(file))).toEqual([])
})

describe.each(OVERLAYS)('the overlay %s', (overlay) => {
  const text = readFileSync(renderedFile(overlay), 'utf8')
  const manifests = manifestsOf(text)
  const { ofKind, one } = inspect(manifests)

  test('is rendered from the tree as it stands', () => {
    expect(text.split('\n')[0], 'render it again: node scripts/render-kubernetes.ts').toBe(headerOf(digestOfTree()))
    const built = build(overlay)
    if (built !== null) expect(manifestsOf(built)).toEqual(manifests)
  })

  test('is valid by the schemas of Kubernetes', () => {
    expect(manifests.length).toBeGreaterThan(20)
    expect(
      manifests.flatMap((manifest) =>
        problemsOf(manifest).map((problem) => `${manifest.kind} ${manifest.metadata.name}: ${problem}`),
      ),
    ).toEqual([])
    const names = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`)
    expect(names).toEqual([...new Set(names)])
  })

  test('has a Deployment for every role, and none besides', () => {
    expect(
      ofKind('Deployment')
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(ROLES.map((role) => `assay-${role}`).sort())
  })

  describe.each(ROLES)('%s', (role) => {
    const name = `assay-${role}`
    const deployment = one('Deployment', name)
    const pod = deployment.spec.template.spec
    const container = pod.containers[0]
    if (container === undefined) throw new Error(`${name} has a container`)
    const labels = { 'app.kubernetes.io/name': 'assay', 'app.kubernetes.io/component': role }

    test('runs the role, on an image with a tag', () => {
      expect(pod.containers).toHaveLength(1)
      expect(container).toMatchObject({ args: ['serve', role], image: `assay:${VERSION}` })
    })

    test('has the environment that the code asks for, and no secret that it does not', () => {
      const plain = Object.fromEntries(
        container.env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
      )
      const fromSecret = container.env.flatMap(({ name, valueFrom }) => {
        const ref = valueFrom?.secretKeyRef
        if (ref === undefined) return []
        expect(ref).toEqual({ name: 'assay-engines', key: name })
        return [name]
      })
      expect(container.env.map((variable) => variable.name).filter((variable) => !isRead(variable))).toEqual([])
      const engines = Object.fromEntries(fromSecret.map((variable) => [variable, EXAMPLE_ENGINES[variable]]))
      const parsed = parseServeSettings([role], {}, { ...plain, ...engines })
      expect(parsed).toMatchObject({
        ok: true,
        settings: {
          roles: [role],
          host: '0.0.0.0',
          httpPort: 3000,
          otlpHttpPort: 4318,
          otlpGrpcPort: 4317,
          maxEvaluateLagMs: 600_000,
          corsOrigins: [],
          gatewayTls: null,
          httpTls: null,
          access: 'keys',
        },
      })
      for (const variable of fromSecret) {
        // These two share by it what each of them knows, and go on without.
        const isOptional = variable === 'REDIS_URL' && (role === 'gateway' || role === 'trans-evaluate')
        expect(
          parseServeSettings([role], {}, { ...plain, ...engines, [variable]: '' }).ok,
          `whether ${role} goes without ${variable}`,
        ).toBe(isOptional)
      }
    })

    test('listens where its probes and its Service look', () => {
      const ports = new Map(container.ports.map(({ name, containerPort }) => [name, containerPort]))
      expect(ports.get('http')).toBe(3000)
      expect(ports.get('otlp-http')).toBe(role === 'gateway' ? 4318 : undefined)
      expect(ports.get('otlp-grpc')).toBe(role === 'gateway' ? 4317 : undefined)
      expect(container.startupProbe.httpGet).toEqual({ path: '/ready', port: 'http' })
      expect(container.readinessProbe.httpGet).toEqual({ path: '/ready', port: 'http' })
      expect(container.livenessProbe.httpGet).toEqual({ path: '/health', port: 'http' })
      const services = ofKind('Service').filter(({ spec }) => spec.selector['app.kubernetes.io/component'] === role)
      expect(services.map(({ metadata }) => metadata.name)).toEqual(role === 'gateway' || role === 'api' ? [name] : [])
      for (const { spec } of services) {
        for (const { port, targetPort } of spec.ports) expect(ports.get(targetPort)).toBe(port)
      }
    })

    test('may take as long to stop as its drain may', () => {
      const preStopSeconds = container.lifecycle?.preStop.sleep.seconds ?? 0
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(preStopSeconds + DRAIN_LIMIT_MS / 1000 + 5)
    })

    test('has no more rights than it needs', () => {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
      })
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(one('ServiceAccount', pod.serviceAccountName).automountServiceAccountToken).toBe(false)
    })

    test('asks for resources and has a limit of memory', () => {
      expect(container.resources.requests).toMatchObject({ cpu: expect.any(String), memory: expect.any(String) })
      expect(container.resources.limits).toMatchObject({ memory: expect.any(String) })
    })

    test('is spread over machines and zones, and keeps its labels together', () => {
      const { spec } = deployment
      expect(spec.selector).toEqual({ matchLabels: labels })
      expect(spec.template.metadata.labels).toMatchObject(labels)
      expect(pod.topologySpreadConstraints).toEqual([
        expect.objectContaining({ topologyKey: 'topology.kubernetes.io/zone', labelSelector: { matchLabels: labels } }),
      ])
      const [term] = pod.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution
      expect(term?.podAffinityTerm).toEqual({
        topologyKey: 'kubernetes.io/hostname',
        labelSelector: { matchLabels: labels },
      })
    })

    test('has a budget of disruptions that never forbids all of them', () => {
      expect(one('PodDisruptionBudget', name).spec).toMatchObject({
        maxUnavailable: 1,
        selector: { matchLabels: labels },
      })
    })

    test('is scaled by a number or by an autoscaler, never by both', () => {
      const scalers = ofKind('HorizontalPodAutoscaler').filter(({ spec }) => spec.scaleTargetRef.name === name)
      expect(scalers.length + (deployment.spec.replicas === undefined ? 0 : 1)).toBe(1)
      for (const { spec } of scalers) {
        const { minReplicas, maxReplicas, metrics } = spec
        expect(maxReplicas).toBeGreaterThan(minReplicas)
        expect(metrics[0]).toMatchObject({ type: 'Resource', resource: { name: 'cpu' } })
        const hasLag = overlay === 'large' && (role === 'trans-evaluate' || role === 'trans-store')
        const external = metrics.slice(1).map((metric) => metric.external)
        expect(external).toMatchObject(
          hasLag ? [{ metric: { selector: { matchLabels: { group: role, topic: AGENT_TRACES } } } }] : [],
        )
      }
    })

    test('reaches its engines, and no other', () => {
      const policies = ofKind('NetworkPolicy').filter(({ spec }) => selects(spec.podSelector, labels))
      const rules = policies.flatMap(({ spec }) => spec.egress ?? [])
      const reached = new Set(rules.flatMap((rule) => rule.ports.map(({ port }) => port)))
      expect(rules.every(({ to = [] }) => to.length > 0)).toBe(true)
      const needs = (variable: string): boolean => container.env.some((one) => one.name === variable)
      expect({
        kafka: reached.has(9092),
        clickHouse: reached.has(8123),
        redis: reached.has(6379),
        https: reached.has(443),
        dns: reached.has(53),
      }).toEqual({
        kafka: needs('ASSAY_LOG_URL'),
        clickHouse: needs('ASSAY_TRACES_URL'),
        redis: needs('REDIS_URL'),
        https: OUTWARD.includes(role),
        dns: true,
      })
      const ingress = policies.flatMap(({ spec }) => spec.ingress ?? [])
      expect(ingress.flatMap((rule) => rule.ports.map(({ port }) => port))).toEqual(INWARD[role] ?? [])
      expect(ingress.every(({ from = [] }) => from.length > 0)).toBe(true)
    })
  })

  test('denies what no policy allows', () => {
    expect(one('NetworkPolicy', 'assay-default-deny').spec).toEqual({
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
    })
  })

  test('never starts more of the processor than there are partitions', () => {
    const partitions = onlineTopicsFor('kafka', 0).find(({ name }) => name === AGENT_TRACES)?.partitions ?? 0
    for (const name of ['assay-trans-evaluate', 'assay-trans-store'])
      expect(one('HorizontalPodAutoscaler', name).spec.maxReplicas).toBeLessThanOrEqual(partitions)
  })

  test('holds no secret', () => {
    expect(ofKind('Secret')).toEqual([])
  })
})

/** Judges, and receivers. */
const OUTWARD: readonly RoleName[] = ['worker', 'alerts']
const INWARD: Readonly<Partial<Record<RoleName, readonly number[]>>> = { gateway: [4318, 4317], api: [3000] }
