const REASONS: Record<string, string> = {
  EACCES: 'no permission',
  EPERM: 'no permission',
  ENOENT: 'it does not exist',
  ELOOP: 'its symbolic links go round in a circle',
  EMFILE: 'too many open files',
}

/** Why the file system refused. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return REASONS[code] ?? (code === '' ? String(error) : code)
}
