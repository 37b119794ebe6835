export function webFolderOf(root: string): string
export function stampOf(root: string): string
export function isWebStale(root: string): boolean
export function buildWebInBackground(root: string): void
