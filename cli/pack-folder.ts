import { fileURLToPath } from 'node:url'

/** The standard packs lie beside this program. */
export const packFolder = fileURLToPath(new URL('../evals', import.meta.url))
