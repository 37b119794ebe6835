import { engineUrl, secretText } from '../secret.ts'
import { group, setting, type ValueOf } from '../setting.ts'
import { optional, text } from '../values.ts'
import { tables } from './traces-tables.ts'
import { withLogin } from './with-login.ts'

const EXAMPLE = 'http://user:password@host:8123'

const url = engineUrl(EXAMPLE, (given) =>
  /^https?:$/.test(URL.parse(given)?.protocol ?? '') ? null : `must look like ${EXAMPLE}`,
)

export const traces = group('Where spans and results are stored.', {
  url: setting(optional(url), {
    about: `the traces in ClickHouse: \`${EXAMPLE}\``,
    default: null,
    without: 'in the data folder',
    flag: '--traces-url',
    argument: '<url>',
    variables: ['ASSAY_TRACES_URL'],
  }),
  username: setting(optional(text('a name')), {
    about: "the user, where the URL doesn't name one",
    default: null,
    variables: ['ASSAY_TRACES_USERNAME'],
  }),
  password: setting(optional(secretText), {
    about: "the user's password, where the URL has none",
    default: null,
    variables: ['ASSAY_TRACES_PASSWORD'],
  }),
  ...tables,
})

export const tracesUrlOf = ({
  url,
  username,
  password,
}: Pick<ValueOf<typeof traces>, 'url' | 'username' | 'password'>): string | null => withLogin(url, username, password)
