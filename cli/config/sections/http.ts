import { group, setting } from '../setting.ts'
import { port } from '../values.ts'
import { serverTls } from './server-tls.ts'

export const http = group('What answers over HTTP besides the gateway.', {
  port: setting(port, {
    about: 'where health, readiness and the API answer; 0 picks a free port',
    default: 3000,
    flag: '--http-port',
    argument: '<n>',
    variables: ['ASSAY_HTTP_PORT'],
  }),
  tls: serverTls('http.tls', 'ASSAY_HTTP_TLS'),
})
