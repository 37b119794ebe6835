/** The forwarder as a sidecar, `deploy/kubernetes/components/forwarder`, on a Deployment of somebody's. */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { afterAll, describe, expect, test } from 'vitest'
import { parseForwardSettings } from '../../cli/forward/forward-settings.ts'
import { VERSION } from '../../cli/version.ts'
import { kubernetesFolder } from '../../scripts/render-kubernetes.ts'
import { isRead } from './engines.ts'
import { manifestsOf } from './manifests.ts'

const component = join(kubernetesFolder, 'components', 'forwarder')
const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'fixtures', 'schemas', 'kubernetes.json'), 'utf8'),
) as { kinds: Record<string, string>; definitions: object }
const ajv = new Ajv({ strict: false, allErrors: true }).addSchema({ definitions: schema.definitions }, 'kubernetes')

interface Sidecar {
  name: string
  image: string
  restartPolicy: string
  args: string[]
  env: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[]
  volumeMounts: { name: string; mountPath: string }[]
}
interface Pod {
  initContainers?: Sidecar[]
  containers?: object[]
  volumes: { name: string; emptyDir: { sizeLimit: string } }[]
}

const read = (text: string) =>
  manifestsOf(text).find(({ kind }) => kind === 'Deployment') as unknown as {
    spec: { template: { spec: Pod } }
  }
const patch = read(readFileSync(join(component, 'sidecar.yaml'), 'utf8'))
const pod = patch.spec.template.spec
const sidecar = pod.initContainers![0]!

test('is valid by the schemas of Kubernetes, once it is part of a Deployment', () => {
  const labels = { app: 'agent' }
  const containers = [{ name: 'agent', image: 'agent:1' }]
  const whole = {
    ...patch,
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { ...pod, containers } } },
  }
  const validate = ajv.compile({ $ref: `kubernetes${schema.kinds.Deployment}` })
  expect(validate(whole), JSON.stringify(validate.errors)).toBe(true)
  const spoilt = { ...pod, containers, initContainers: [{ ...sidecar, restartPolicies: 'Always' }] }
  expect(validate({ ...whole, spec: { ...whole.spec, template: { metadata: { labels }, spec: spoilt } } })).toBe(false)
})

test('runs the forwarder with settings that there are, on a volume as large as its buffer', () => {
  expect(sidecar).toMatchObject({ args: ['forward'], image: `assay:${VERSION}`, restartPolicy: 'Always' })
  expect(sidecar.env.map(({ name }) => name).filter((name) => !isRead(name))).toEqual([])
  const env = Object.fromEntries(sidecar.env.map(({ name, value }) => [name, value ?? 'assay_key']))
  const parsed = parseForwardSettings({}, env, null)
  expect(parsed).toMatchObject({
    ok: true,
    settings: { key: 'assay_key', host: '127.0.0.1', otlpHttpPort: 4318, buffer: '/buffer', bufferBytes: 256 << 20 },
  })
  expect(sidecar.volumeMounts).toEqual([{ name: pod.volumes[0]!.name, mountPath: '/buffer' }])
  expect(Number.parseInt(pod.volumes[0]!.emptyDir.sizeLimit, 10)).toBeGreaterThan(256)
})

describe('by kustomize', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-kustomize-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('it joins what has the label, and nothing else', () => {
    cpSync(component, join(folder, 'forwarder'), { recursive: true })
    const agent = (name: string, label: string) => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}${label} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: agent, image: "agent:1" }] }
`
    const labelled = ', labels: { assay.dev/forwarder: "true" }'
    writeFileSync(join(folder, 'agents.yaml'), `${agent('with', labelled)}---${agent('without', '')}`)
    writeFileSync(join(folder, 'kustomization.yaml'), 'resources: [agents.yaml]\ncomponents: [forwarder]\n')
    const built = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' })
    // Where there is no kubectl, the rest of this file is what is held.
    if (built.error !== undefined) return
    expect(built.stderr).toBe('')
    const pods = manifestsOf(built.stdout).map(({ metadata, spec }) => ({
      name: metadata.name,
      sidecars: ((spec as unknown as { template: { spec: Pod } }).template.spec.initContainers ?? []).map(
        ({ name }) => name,
      ),
    }))
    expect(pods).toEqual([
      { name: 'with', sidecars: ['assay-forwarder'] },
      { name: 'without', sidecars: [] },
    ])
  })
})
