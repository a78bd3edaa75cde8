/** The root of every error this SDK throws or reports. `code` is a literal in each subclass, stable across versions. */
export abstract class SseError extends Error {
  abstract readonly code: string
  override get name(): string {
    // A class's own name does not survive minifying.
    return `SseError [${this.code}]`
  }
}

/** Where and why a value does not fit its schema. The rejected value itself is never part of it: it may be secret. */
export interface ValidationIssue {
  /** From the event's data down to the culprit; empty for the data itself. */
  readonly path: ReadonlyArray<string | number>
  readonly message: string
}

/** A channel's pattern, or a set of patterns, that cannot name topics safely. Thrown when the contract is defined. */
export class PatternError extends SseError {
  readonly code = 'invalid_pattern'
  constructor(
    readonly pattern: string,
    problem: string,
  ) {
    super(`pattern ${JSON.stringify(pattern)} ${problem}`)
  }
}

/** An event type or channel name that the protocol cannot carry. Thrown when it is defined. */
export class NameError extends SseError {
  readonly code = 'invalid_name'
  constructor(
    readonly rejected: string,
    problem: string,
  ) {
    super(problem)
  }
}

/** A schema whose values cannot make the round trip over the wire. Thrown when it is defined. */
export class SchemaError extends SseError {
  readonly code = 'unsupported_schema'
  constructor(
    /** The event type whose schema it is. */
    readonly type: string,
    /** Where in the schema, beginning with `data`. */
    readonly path: string,
    problem: string,
  ) {
    super(`event ${JSON.stringify(type)}: ${path} ${problem}`)
  }
}

/** A param that cannot become part of a topic's name. */
export class ParamError extends SseError {
  readonly code = 'invalid_param'
  constructor(
    readonly param: string,
    pattern: string,
    problem: string,
  ) {
    super(`param ${JSON.stringify(param)} of pattern ${JSON.stringify(pattern)} ${problem}`)
  }
}

/** An event's data does not fit the schema of its type: on the server before it is sent, on the client when it arrives. */
export class ValidationError extends SseError {
  readonly code = 'invalid_event'
  constructor(
    readonly type: string,
    readonly issues: readonly ValidationIssue[],
  ) {
    super(`event ${JSON.stringify(type)} does not fit its schema: ${issues.map(describe).join('; ')}`)
  }

  /** Where the first issue is. */
  get path(): ReadonlyArray<string | number> {
    return this.issues[0]?.path ?? []
  }
}

function describe({ path, message }: ValidationIssue): string {
  return `${['data', ...path].join('.')}: ${message}`
}

/** An event's data is not the JSON that its type calls for. The data is not part of the error: it may be secret. */
export class InvalidJsonError extends SseError {
  readonly code = 'invalid_json'
  constructor(readonly type: string) {
    super(`event "${type}": its data is not JSON`)
  }
}

/** An event's type is not among the defined ones. */
export class UnknownTypeError extends SseError {
  readonly code = 'unknown_type'
  constructor(
    readonly type: string,
    known: readonly string[],
  ) {
    super(`event type ${JSON.stringify(type)} is not defined; defined are: ${known.join(', ')}`)
  }
}

/** A message's field that would break out of its line, or a number that is none. Nothing is repaired in silence. */
export class FieldError extends SseError {
  readonly code = 'invalid_field'
  constructor(
    readonly field: 'id' | 'event' | 'retry',
    problem: string,
  ) {
    super(`${field} ${problem}`)
  }
}
