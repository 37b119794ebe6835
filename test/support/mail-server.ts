/** A real SMTP server on loopback that takes mail, and fails on demand. */
import { type AddressInfo, isIPv6 } from 'node:net'
import { SMTPServer } from 'smtp-server'

export interface ReceivedMail {
  from: string
  to: string[]
  /** As it came, headers and all. */
  source: string
}

export interface MailServer {
  readonly url: string
  readonly mails: readonly ReceivedMail[]
  /** Over TLS: the name that each client asked for; `false` of one that asked for none. */
  readonly serverNames: readonly (string | false)[]
  /** The next mails fail with these codes, one each; 0 breaks the connection off. */
  fail(...codes: number[]): void
  close(): Promise<void>
}

export const MAIL_LOGIN = { user: 'assay', password: 'p@ss word' }

export interface MailServerOptions {
  /** A loopback address. */
  readonly address?: string
  /** It speaks TLS from the start. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

export async function startMailServer({ address = '127.0.0.1', tls }: MailServerOptions = {}): Promise<MailServer> {
  const mails: ReceivedMail[] = []
  const serverNames: (string | false)[] = []
  const faults: number[] = []
  const server = new SMTPServer({
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    ...(tls && { secure: true, ...tls }),
    onSecure: (socket, _, done) => {
      const name = 'servername' in socket ? socket.servername : false
      serverNames.push(typeof name === 'string' ? name : false)
      done()
    },
    onAuth: ({ username, password }, _, done) => {
      if (username === MAIL_LOGIN.user && password === MAIL_LOGIN.password) done(null, { user: username })
      else done(new Error('wrong user or password'))
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const code = faults.shift()
        if (code === 0) {
          // The client sees its connection end without an answer.
          for (const connection of server.connections) connection.close()
          return
        }
        if (code !== undefined) {
          done(Object.assign(new Error('not now'), { responseCode: code }))
          return
        }
        const { mailFrom, rcptTo } = session.envelope
        const from = mailFrom === false ? '' : mailFrom.address
        mails.push({ from, to: rcptTo.map(({ address }) => address), source: Buffer.concat(chunks).toString('utf8') })
        done()
      })
    },
  })
  await new Promise<void>((resolve) => {
    server.listen(0, address, resolve)
  })
  // A client that does not trust the certificate hangs up.
  server.on('error', () => {})
  const { port } = server.server.address() as AddressInfo
  const login = `${MAIL_LOGIN.user}:${encodeURIComponent(MAIL_LOGIN.password)}`
  return {
    url: `${tls ? 'smtps' : 'smtp'}://${login}@${isIPv6(address) ? `[${address}]` : address}:${port}`,
    mails,
    serverNames,
    fail: (...codes) => {
      faults.push(...codes)
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
