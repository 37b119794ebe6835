/** Where keys are made and looked up: a running instance, or the log itself for whoever may open it. */

import { messageOf } from '../../engine/message-of.ts'
import { keyToJson } from '../../server/key-json.ts'
import {
  type CreatedKeyResponse,
  createdKeyResponseSchema,
  type KeyJson,
  keySchema,
  keysResponseSchema,
} from '../../server/schemas.ts'
import type { Keys } from '../../storage/access/keys.ts'
import { openKeys } from '../../storage/access/keys.ts'
import type { KeyRole } from '../../storage/access/principal.ts'
import { DEFAULT_TENANT } from '../../storage/access/principal.ts'
import { openDataFolder } from '../../storage/data-folder.ts'
import { enginesOf } from '../backup/engines.ts'
import { type Answer, askApi, serverOf } from '../commands/ask-api.ts'
import { type LogSource, openLog } from '../log-source.ts'

export interface NewKeyRequest {
  role: KeyRole
  name: string
  tenant: string | undefined
  expiresInDays: number | undefined
}

export interface KeyOffice {
  create(request: NewKeyRequest): Promise<Answer<CreatedKeyResponse>>
  list(): Promise<Answer<readonly KeyJson[]>>
  revoke(keyId: string): Promise<Answer<KeyJson>>
  close(): Promise<void>
}

export interface OfficeFlags {
  server?: string
  data?: string
  logUrl?: string
  config?: string
}

/** Of the flags: a folder or a log is opened, else the instance is asked. */
export async function openOffice(flags: OfficeFlags): Promise<Answer<KeyOffice>> {
  if (flags.data === undefined && flags.logUrl === undefined)
    return { ok: true, value: officeOfApi(serverOf(flags.server)) }
  if (flags.data !== undefined) return openFolder(flags.data)
  // How brokers are spoken to stands where the roles have it: users, certificates, compression.
  const { logUrl, config } = flags
  const found = enginesOf({ logUrl: logUrl!, ...(config !== undefined && { config }) })
  if (!found.ok) return found
  return openLogOffice({ kind: 'kafka', settings: found.value.engines.log! }, () => {})
}

function officeOfApi(server: string): KeyOffice {
  return {
    create: (request) => askApi(server, 'v1/keys', {}, createdKeyResponseSchema, request),
    list: async () => {
      const answer = await askApi(server, 'v1/keys', {}, keysResponseSchema)
      return answer.ok ? { ok: true, value: answer.value.keys } : answer
    },
    revoke: (keyId) => askApi(server, `v1/keys/${encodeURIComponent(keyId)}/revoke`, {}, keySchema, {}),
    close: async () => {},
  }
}

async function openFolder(path: string): Promise<Answer<KeyOffice>> {
  const opened = openDataFolder(path)
  if (!opened.ok) return { ok: false, message: opened.code === 'in_use' ? opened.message + RUNNING : opened.message }
  const { folder } = opened
  return openLogOffice({ kind: 'embedded', dataDir: folder.path }, () => folder.close())
}

const RUNNING =
  '. Ask it without --data: one that listens on loopback alone asks this machine for no key; one that listens on more takes an admin key in ASSAY_KEY, and for its very first key has to be stopped, or started once without --host'

const DAY_MS = 24 * 3_600_000

async function openLogOffice(source: LogSource, release: () => void): Promise<Answer<KeyOffice>> {
  const problem = (text: string): void => void process.stderr.write(`assay keys: ${text}\n`)
  try {
    const log = await openLog(source, problem)
    const keys = await openKeys({ log, nowMs: Date.now, onProblem: problem })
    return {
      ok: true,
      value: officeOfKeys(keys, async () => {
        await keys.close()
        await log.close()
        release()
      }),
    }
  } catch (error) {
    release()
    return { ok: false, message: messageOf(error) }
  }
}

/** Who may open the log is in charge of every tenant. */
const BY = 'operator'

function officeOfKeys(keys: Keys, close: () => Promise<void>): KeyOffice {
  return {
    create: async ({ role, name, tenant = DEFAULT_TENANT, expiresInDays }) => {
      const expiresAtMs = expiresInDays === undefined ? null : Date.now() + expiresInDays * DAY_MS
      const { key, stored } = await keys.create({ tenant, role, name, expiresAtMs, by: BY })
      return { ok: true, value: { ...keyToJson(stored), key } }
    },
    list: async () => ({ ok: true, value: keys.list(null).map(keyToJson) }),
    revoke: async (keyId) => {
      const outcome = await keys.revoke(keyId, null, BY)
      if (outcome.ok) return { ok: true, value: keyToJson(outcome.key) }
      return {
        ok: false,
        message: outcome.code === 'unknown' ? `there is no key ${keyId}` : `key ${keyId} was revoked before`,
      }
    },
    close,
  }
}
