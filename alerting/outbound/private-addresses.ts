/** Which addresses messages may go to: a rule's author must not make Assay speak to the machines beside it. */
import { BlockList, isIP } from 'node:net'

/** Not on the public internet: https://www.iana.org/assignments/iana-ipv4-special-registry and its sister for IPv6. */
const PRIVATE: readonly [network: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 128],
  ['::1', 128],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
]

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

function blockList(networks: Iterable<readonly [string, number]>): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of networks) list.addSubnet(network, prefix, familyOf(network))
  return list
}

// An IPv4 address in IPv6's dress (`::ffff:10.0.0.1`) is found by the rules of IPv4.
const privateAddresses = blockList(PRIVATE)

const NETWORK = /^([0-9a-f:.]+)\/(\d{1,3})$/i

/** What is wrong with an entry of the list of exceptions; null when nothing is. */
export function problemOfAllowed(entry: string): string | null {
  const network = NETWORK.exec(entry)
  if (network !== null) {
    const [, address = '', prefix] = network
    const bits = isIP(address) === 6 ? 128 : 32
    return isIP(address) !== 0 && Number(prefix) <= bits ? null : 'is no network such as 10.0.0.0/8'
  }
  if (isIP(entry) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(entry)) return null
  return 'is neither a host, an address, nor a network such as 10.0.0.0/8'
}

/** Whether `host`, which resolved to `address`, may be connected to. */
export type AddressPolicy = (host: string, address: string) => boolean

/** `allowed`: hosts by name, addresses and networks that may be reached although they are private. */
export function addressPolicy(allowed: readonly string[]): AddressPolicy {
  const networks: [string, number][] = []
  const hosts = new Set<string>()
  for (const entry of allowed) {
    const network = NETWORK.exec(entry)
    if (network !== null) networks.push([network[1]!, Number(network[2])])
    else if (isIP(entry) !== 0) networks.push([entry, isIP(entry) === 6 ? 128 : 32])
    else hosts.add(entry.toLowerCase())
  }
  const exceptions = blockList(networks)
  return (host, address) => {
    if (isIP(address) === 0) return false
    const family = familyOf(address)
    return (
      !privateAddresses.check(address, family) || hosts.has(host.toLowerCase()) || exceptions.check(address, family)
    )
  }
}
