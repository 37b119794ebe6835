export function webFolderOf(root: string): string
export function stampOf(root: string): string
export function isWebStale(root: string): boolean
export function buildWebIfStale(root: string): void
export function buildWebInBackground(root: string): void
