import { handle } from '../fetch-handler.ts'

export default { fetch: handle }
