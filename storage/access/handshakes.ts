/**
 * Connections over TLS whose hands are not shaken yet. No request is on them, and a server that closes waits for them all the same: two
 * minutes for one that says nothing.
 */
import type { Server, Socket } from 'node:net'

export interface Handshakes {
  /** Gives up those that are under way. */
  end(): void
}

/** Without TLS there are none. */
export function followHandshakes(server: Server, isTls: boolean): Handshakes {
  const underWay = new Map<string, Socket>()
  if (isTls) {
    server.on('connection', (socket: Socket) => {
      const name = nameOf(socket)
      underWay.set(name, socket)
      socket.once('close', () => underWay.delete(name))
    })
    // Its socket is another object than that of the connection, with the same other side.
    server.on('secureConnection', (socket: Socket) => underWay.delete(nameOf(socket)))
  }
  return {
    end: () => {
      for (const socket of underWay.values()) socket.destroy()
    },
  }
}

const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
