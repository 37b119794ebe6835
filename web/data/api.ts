import { createApi } from '../../client/api.ts'
import { createRequest } from '../../client/request.ts'
import { askedFirst } from './asked-first.ts'

/** Of the host that served the page, which knows the session by its cookie; pages of other sites cannot send the header. */
export const api = createApi(
  createRequest({
    baseUrl: '',
    headers: () => ({ 'x-assay-csrf': '1' }),
    fetch: (url, options) => askedFirst(url) ?? fetch(url, options),
  }),
)
