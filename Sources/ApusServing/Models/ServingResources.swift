/// What all models of a server share.
struct ServingResources: Sendable {
  let loader: any ModelLoader
  let timer: Timer
  let limiter: RateLimiter?
  let cache: ResponseCache?
  let tracer: RequestTracer?
  let options: RepositoryOptions
  /// Sends a request to another model of the server: steps of ensembles.
  let submit: EnsembleScheduler.Submit
  /// The version of another model that would serve a request now; nil where there is none.
  let lookup: @Sendable (String, Int?) -> ServedVersion?
  /// A line for the log.
  let note: @Sendable (String) -> Void
}
