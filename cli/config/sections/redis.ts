import { parseRedisUrl, type RedisSettings } from '../../../storage/redis/redis-url.ts'
import { engineUrl, secretText } from '../secret.ts'
import { group, setting, type ValueOf } from '../setting.ts'
import { optional, text } from '../values.ts'
import { withLogin } from './with-login.ts'

const EXAMPLE = 'redis://user:password@host:6379'

const url = engineUrl(EXAMPLE, (given) => {
  const parsed = parseRedisUrl(given)
  return parsed.ok ? null : parsed.message
})

export const redis = group('Where the jobs of offline evals wait, and what instances share.', {
  url: setting(optional(url), {
    about: `the job queue and the shared state on Redis: \`${EXAMPLE}\`, or with \`rediss://\` for TLS`,
    default: null,
    without: 'in the data folder',
    flag: '--redis-url',
    argument: '<url>',
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

/** Null without a `url`: the queue and the state are then in the data folder. */
export function redisSettingsOf({ url, username, password }: ValueOf<typeof redis>): RedisSettings | null {
  const whole = withLogin(url, username, password)
  const parsed = whole === null ? null : parseRedisUrl(whole)
  return parsed?.ok === true ? parsed.settings : null
}
