import { createApi } from '../../client/api.ts'
import { createRequest } from '../../client/request.ts'

/** Of the host that served the page. */
export const api = createApi(createRequest({ baseUrl: '' }))
