import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type EmbeddedLog, openEmbeddedLog } from '../log/embedded.ts'
import { ACCESS_KEYS } from '../log/topics.ts'
import { readAudit } from './audit.ts'
import { createGate } from './gate.ts'
import { createKey, hashOf, isSameHash, keyIdOf } from './key.ts'
import { type Keys, openKeys } from './keys.ts'
import { KEY_ROLES, type KeyRole, may, type Permission } from './principal.ts'

let log: EmbeddedLog
let nowMs = 1_000
const problems: string[] = []
const opened: Keys[] = []

const open = async (pollMs = 3_600_000): Promise<Keys> => {
  const keys = await openKeys({ log, nowMs: () => nowMs, onProblem: (text) => problems.push(text), pollMs })
  opened.push(keys)
  return keys
}

const make = (keys: Keys, role: KeyRole = 'ingest', tenant = 'acme') =>
  keys.create({ tenant, role, name: 'bot', expiresAtMs: null, by: 'operator' })

beforeEach(async () => {
  nowMs = 1_000
  problems.length = 0
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
})

afterEach(async () => {
  for (const keys of opened.splice(0)) await keys.close()
  await log.close()
})

describe('a key', () => {
  test('has a prefix, an id, and a checksum that a slip of the pen breaks', () => {
    fc.assert(
      fc.property(fc.nat(36), fc.constantFrom(...'0Aa'), (at, letter) => {
        const { key, keyId, hash } = createKey()
        expect(keyIdOf(key)).toBe(keyId)
        expect(isSameHash(hash, hashOf(key))).toBe(true)
        const place = 'assay_'.length + at
        const slipped = key.slice(0, place) + letter + key.slice(place + 1)
        if (slipped !== key) expect(keyIdOf(slipped)).toBeNull()
        expect(keyIdOf(key.slice(0, -1))).toBeNull()
      }),
    )
  })

  test('is another each time', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => createKey().key)).size).toBe(1_000)
  })
})

describe('keys in the log', () => {
  test('a new one is good at once, here and wherever the topic is followed', async () => {
    const [here, there] = [await open(), await open(5)]
    const { key, keyId } = await make(here)
    expect(here.verify(key)).toEqual({ ok: true, principal: { tenant: 'acme', role: 'ingest', keyId } })
    await vi.waitFor(() => expect(there.verify(key).ok).toBe(true))
    expect((await open()).verify(key).ok).toBe(true)
  })

  test('a revoked one is refused wherever the topic is followed, and stays so', async () => {
    const [here, there] = [await open(), await open(5)]
    const { key, keyId } = await make(here)
    expect(await here.revoke(keyId, 'acme', 'key x (admin)')).toMatchObject({ ok: true })
    expect(here.verify(key)).toEqual({ ok: false, code: 'revoked' })
    await vi.waitFor(() => expect(there.verify(key)).toEqual({ ok: false, code: 'revoked' }))
    expect(await here.revoke(keyId, 'acme', 'x')).toEqual({ ok: false, code: 'revoked' })
  })

  test("another tenant's key is as one that is not there", async () => {
    const keys = await open()
    const { key, keyId } = await make(keys)
    expect(await keys.revoke(keyId, 'other', 'x')).toEqual({ ok: false, code: 'unknown' })
    expect(keys.verify(key).ok).toBe(true)
    expect(keys.list('other')).toEqual([])
  })

  test('an expired one is refused from its time on', async () => {
    const keys = await open()
    const { key } = await keys.create({ tenant: 'acme', role: 'viewer', name: '', expiresAtMs: 5_000, by: 'operator' })
    nowMs = 4_999
    expect(keys.verify(key).ok).toBe(true)
    nowMs = 5_000
    expect(keys.verify(key)).toEqual({ ok: false, code: 'expired' })
  })

  test('the key itself is nowhere in the log', async () => {
    const keys = await open()
    const { key } = await make(keys)
    const [record] = await log.read(ACCESS_KEYS, 0, 0, 10)
    const stored = new TextDecoder().decode(record!.value)
    expect(stored).toContain(hashOf(key))
    expect(stored).not.toContain(key.slice(-20))
  })

  test('one with the id of another and a secret of its own is unknown', async () => {
    const keys = await open()
    const { keyId } = await make(keys)
    let forged = createKey()
    while (forged.keyId === keyId) forged = createKey()
    await log.append(ACCESS_KEYS, [{ key: 'x', value: new TextEncoder().encode('{"version":1,"keyId":7}') }])
    expect(keys.verify(forged.key)).toEqual({ ok: false, code: 'unknown' })
    await open()
    expect(problems).toEqual([expect.stringMatching(/^the key at offset 1 of access-keys is refused: keyId:/)])
  })

  test('what is done with keys is in the audit log of their tenant, newest first', async () => {
    const keys = await open()
    const { keyId } = await make(keys)
    await make(keys, 'viewer', 'other')
    nowMs = 2_000
    await keys.revoke(keyId, null, 'operator')
    expect(await readAudit(log, 'acme', 10)).toMatchObject([
      { atMs: 2_000, act: 'key.revoke', target: keyId, by: 'operator' },
      { atMs: 1_000, act: 'key.create', target: keyId, detail: { role: 'ingest', name: 'bot', expiresAtMs: null } },
    ])
    expect(await readAudit(log, 'acme', 1)).toHaveLength(1)
  })
})

describe('the gate', () => {
  const nothing = { authorization: undefined, apiKey: undefined, isLocal: false }

  test.each<[string, (key: string) => object]>([
    ['Bearer', (key) => ({ authorization: `Bearer ${key}` })],
    ['bearer, with blanks', (key) => ({ authorization: ` bearer   ${key} ` })],
    ['X-Api-Key', (key) => ({ apiKey: key })],
    ['the password of Basic', (key) => ({ authorization: `Basic ${btoa(`me:${key}`)}` })],
    ['the user of Basic', (key) => ({ authorization: `Basic ${btoa(`${key}:`)}` })],
    ['alone', (key) => ({ authorization: key })],
  ])('takes a key as %s', async (_, sent) => {
    const keys = await open()
    const { key } = await make(keys)
    expect(createGate('keys', keys)({ ...nothing, ...sent(key) }, 'ingest')).toMatchObject({
      ok: true,
      principal: { tenant: 'acme' },
    })
  })

  test('a key decides even where none is asked for', async () => {
    const keys = await open()
    const gate = createGate('open', keys)
    const { key, keyId } = await make(keys)
    expect(gate({ ...nothing, apiKey: key }, 'read')).toMatchObject({ ok: false, code: 'forbidden' })
    await keys.revoke(keyId, null, 'x')
    expect(gate({ ...nothing, apiKey: key, isLocal: true }, 'ingest')).toMatchObject({
      code: 'unauthenticated',
      message: 'the key was revoked',
    })
  })

  test("another product's credentials are nothing where no key is asked for, and no key where one is", async () => {
    const keys = await open()
    const sent = { ...nothing, authorization: `Basic ${btoa('pk-lf-1:sk-lf-2')}` }
    expect(createGate('open', keys)(sent, 'ingest')).toMatchObject({ ok: true, principal: { tenant: 'default' } })
    expect(createGate('keys', keys)(sent, 'ingest')).toMatchObject({ code: 'unauthenticated' })
  })

  test.each<[string, boolean, Permission, boolean]>([
    ['sends', false, 'ingest', true],
    ['reads', false, 'read', true],
    ['pushes', false, 'push', false],
    ['is in charge', false, 'administer', false],
    ['is in charge, on this machine,', true, 'administer', true],
  ])('without a key, where that is open, one %s: local %s, %s: %s', async (_, isLocal, permission, expected) => {
    const gate = createGate('open', await open())
    expect(gate({ ...nothing, isLocal }, permission).ok).toBe(expected)
    expect(createGate('keys', await open())({ ...nothing, isLocal }, permission).ok).toBe(false)
  })

  test('roles hold what those before them hold, but for ingest', () => {
    const held = KEY_ROLES.map((role) =>
      (['ingest', 'read', 'push', 'edit', 'administer'] as const).filter((permission) =>
        may({ tenant: 't', role, keyId: null }, permission),
      ),
    )
    expect(held).toEqual([
      ['ingest'],
      ['read'],
      ['read', 'push'],
      ['read', 'push', 'edit'],
      ['ingest', 'read', 'push', 'edit', 'administer'],
    ])
  })
})
