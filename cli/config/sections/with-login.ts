import type { Secret } from '../secret.ts'

/** The address with the user and the password that it lacks; null without an address. */
export function withLogin(url: Secret | null, username: string | null, password: Secret | null): string | null {
  if (url === null) return null
  if (username === null && password === null) return url.reveal()
  const parsed = new URL(url.reveal())
  if (parsed.username === '' && username !== null) parsed.username = encodeURIComponent(username)
  if (parsed.password === '' && password !== null) parsed.password = encodeURIComponent(password.reveal())
  return parsed.href
}
