/** What may be asked of the API and what comes back, read off the generated `paths`. Types only. */
import type { paths } from '../contract/api'

interface Lower { GET: 'get'; POST: 'post'; PUT: 'put'; PATCH: 'patch'; DELETE: 'delete' }
export type Method = keyof Lower

type Below<Full> = Full extends `/api/v1${infer Rest}` ? Rest : never
/** The paths that know a method, as the description writes them: `/tickets/{ticket_id}`. */
export type Path<M extends Method> = {
  [Full in keyof paths]: paths[Full] extends Record<Lower[M], { responses: unknown }> ? Below<Full> : never
}[keyof paths]

type Call<M extends Method, P extends string> = `/api/v1${P}` extends infer Full extends keyof paths ? paths[Full][Lower[M]] : never

type Parameters<C> = C extends { parameters: infer All } ? All : never
type Within<All, Name extends string> = All extends { [_ in Name]?: infer Value } ? NonNullable<Value> : never
type Content<C> = C extends { requestBody?: infer Body } ? (NonNullable<Body> extends { content: infer All } ? All : never) : never
type Body<C> = Content<C> extends { 'application/json': infer Json } ? Json : never

type Good<C> = C extends { responses: infer All } ? All[Extract<keyof All, 200 | 201 | 204>] : never
type Told<Response> = Response extends { content: infer All }
  ? All extends { 'application/json': infer Json } ? Json : Blob
  : undefined

export type Query<M extends Method, P extends Path<M>> = Within<Parameters<Call<M, P>>, 'query'>
/** JSON as its type, another kind of file as a Blob, nothing as undefined. */
export type Answer<M extends Method, P extends Path<M>> = Told<Good<Call<M, P>>>

/** An option that the call needs, may have, or (`never`) has no use for. */
type Option<Name extends string, Value> = [Value] extends [never]
  ? { [_ in Name]?: never }
  : object extends Value ? { [_ in Name]?: Value } : { [_ in Name]: Value }

export interface Manner {
  limitMs?: number
  /** Of a session that is over here already. */
  csrf?: string
  /** The caller signs in: a 401 is his answer, not the end of a session. */
  signingIn?: boolean
}

export type Options<M extends Method, P extends Path<M>> = Manner
  & Option<'path', Within<Parameters<Call<M, P>>, 'path'>>
  & Option<'query', Query<M, P>>
  & Option<'body', Body<Call<M, P>>>
  & Option<'form', Content<Call<M, P>> extends { 'multipart/form-data': unknown } ? FormData : never>
  & (Blob extends Answer<M, P> ? { blob: true } : { blob?: never })

/** The paths whose answer is a file. */
export type FilePath = { [P in Path<'GET'>]: Blob extends Answer<'GET', P> ? P : never }[Path<'GET'>]
