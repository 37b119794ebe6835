import { createMemoryHistory, createRootRoute, createRoute, createRouter } from '@tanstack/react-router'
import { expect, test } from 'vitest'
import { parseTraceSearch } from '../pages/trace/search.ts'
import { parseTracesSearch } from '../pages/traces/search.ts'
import { parseSearch, stringifySearch } from './search-text.ts'

const root = createRootRoute()
const routeTree = root.addChildren([
  createRoute({ getParentRoute: () => root, path: '/traces', validateSearch: parseTracesSearch }),
  createRoute({ getParentRoute: () => root, path: '/traces/$traceId', validateSearch: parseTraceSearch }),
])

/** What a page is told of an address, and the address that the router would write of it. */
function readAndWritten(address: string) {
  const history = createMemoryHistory({ initialEntries: [address] })
  const router = createRouter({ routeTree, history, parseSearch, stringifySearch })
  const search = router.matchRoutes(router.latestLocation).at(-1)?.search ?? {}
  return [search, router.buildLocation({ to: router.latestLocation.pathname, search: () => search } as never).href]
}

test.each([
  ['/traces?version=1.10', { version: '1.10' }],
  ['/traces?session=12345678901234567890&user=007', { session: '12345678901234567890', user: '007' }],
  ['/traces?text=true&minMs=1e3', { text: 'true', minMs: '1e3' }],
  ['/traces?text=%22600%22', { text: '"600"' }],
  ['/traces?text=a+%26+b%2Fc', { text: 'a & b/c' }],
  ['/traces/1?span=1234567890123456', { span: '1234567890123456' }],
  ['/traces', {}],
])('%s is read as it stands, and written so again', (address, search) => {
  expect(readAndWritten(address)).toEqual([search, address])
})
