import { createGate, type Gate } from '../../storage/access/gate.ts'

/** Of an Assay on loopback in which no key was made. */
export const openGate: Gate = createGate('open', { verify: () => ({ ok: false, code: 'unknown' }) })
