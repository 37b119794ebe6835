/** Certificates of an authority of the test's own, by openssl. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Signed {
  readonly certificate: string
  readonly key: string
}

export interface Authority {
  /** PEM. */
  readonly certificate: string
  /** `altNames` as openssl takes them: `IP:127.0.0.1,DNS:broker`. */
  sign(name: string, altNames: string): Signed
}

const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' })
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Keeps its files in `folder`. */
export function createAuthority(folder: string, name: string): Authority {
  const at = (file: string): string => join(folder, `${name}-${file}`)
  openssl('req', '-x509', ...KEY, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '2', '-subj', `/CN=${name}`)
  return {
    certificate: readFileSync(at('ca.pem'), 'utf8'),
    sign(subject, altNames) {
      const [key, request, signed, extensions] = ['key', 'csr', 'pem', 'ext'].map((end) => at(`${subject}.${end}`))
      openssl('req', '-new', ...KEY, '-keyout', key!, '-out', request!, '-subj', `/CN=${subject}`)
      writeFileSync(extensions!, `subjectAltName=${altNames}\n`)
      const by = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial']
      openssl('x509', '-req', '-in', request!, ...by, '-out', signed!, '-days', '2', '-extfile', extensions!)
      return { certificate: readFileSync(signed!, 'utf8'), key: readFileSync(key!, 'utf8') }
    },
  }
}
