import { fileURLToPath } from 'node:url'

/** The browser's pages as they were built, of the clone and of the package alike. */
export const webFolder = fileURLToPath(new URL('../web/dist', import.meta.url))
