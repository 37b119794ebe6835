import type { ErrorComponentProps } from '@tanstack/react-router'
import { ProblemNote } from '../parts/problem-note.tsx'

export function PageError({ error, reset }: ErrorComponentProps) {
  return <ProblemNote error={error instanceof Error ? error : new Error(String(error))} onRetry={reset} />
}
