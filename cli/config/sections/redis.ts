import { engineUrl, secretText } from '../secret.ts'
import { group, setting, type ValueOf } from '../setting.ts'
import { optional, text } from '../values.ts'
import { withLogin } from './with-login.ts'

const EXAMPLE = 'redis://host:6379'

const url = engineUrl(EXAMPLE, (given) => {
  const parsed = URL.parse(given)
  return parsed !== null && /^rediss?:$/.test(parsed.protocol) && parsed.host !== ''
    ? null
    : `must look like ${EXAMPLE}`
})

export const redis = group('Where the jobs of offline evals wait, and what instances share.', {
  url: setting(optional(url), {
    about: `the job queue on Redis: \`${EXAMPLE}\`, or with \`rediss://\` for TLS`,
    default: null,
    without: 'PGlite in the data folder',
    variables: ['ASSAY_REDIS_URL', 'REDIS_URL'],
  }),
  username: setting(optional(text('a name')), {
    about: "the user, where the URL doesn't name one",
    default: null,
    variables: ['ASSAY_REDIS_USERNAME'],
  }),
  password: setting(optional(secretText), {
    about: 'the password, where the URL has none',
    default: null,
    variables: ['ASSAY_REDIS_PASSWORD'],
  }),
})

export const redisUrlOf = ({ url, username, password }: ValueOf<typeof redis>): string | null =>
  withLogin(url, username, password)
