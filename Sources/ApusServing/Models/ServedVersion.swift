internal import ApusModelConfig
package import ApusServingSchema

/// A version of a model that takes requests.
package final class ServedVersion: Sendable {
  package let name: String
  package let version: Int
  package let config: Inference_ModelConfig
  package let contract: ModelContract
  package let statistics: ModelStatistics
  /// Memory that the model's weights take, in bytes.
  package let memoryByteCount: Int
  /// How long loading took, in nanoseconds.
  package let loadNanoseconds: UInt64
  private let scheduler: any Scheduler
  private let responder: Responder
  private let cache: ResponseCache?

  init(
    config: Inference_ModelConfig, scheduler: any Scheduler, responder: Responder,
    memoryByteCount: Int, loadNanoseconds: UInt64, cache: ResponseCache?
  ) {
    name = config.name
    version = responder.contract.version
    self.config = config
    contract = responder.contract
    statistics = responder.statistics
    self.scheduler = scheduler
    self.responder = responder
    self.memoryByteCount = memoryByteCount
    self.loadNanoseconds = loadNanoseconds
    self.cache = cache
  }

  /// Checks, queues and runs a request, and answers it; false, and no answer, where the version has been
  /// stopped.
  func submit(
    _ request: InferenceRequest, handle: RequestHandle, reply: @escaping @Sendable (Reply) -> Void
  ) -> Bool {
    let received = Clock.now()
    let prepared: PreparedRequest
    do throws(ServingError) {
      if contract.isDecoupled, !request.acceptsManyResponses {
        throw ServingError(
          .unsupported,
          (request.protocolName == "HTTP" ? "HTTP end point" : "ModelInfer RPC")
            + " doesn't support models with decoupled transaction policy")
      }
      prepared = try contract.prepare(request)
    } catch {
      reply(.failure(error.naming(request)))
      return true
    }
    var active = ActiveRequest(prepared, handle: handle, reply: reply)
    active.times.received = received
    if let cache {
      let key = ResponseCache.Key(contract, prepared.inputs)
      let start = Clock.now()
      if let outputs = cache.find(key) {
        responder.succeedFromCache(active, outputs, lookup: Clock.now() &- start)
        return true
      }
      let lookup = Clock.now() &- start
      let statistics = statistics
      active.additions = ActiveRequest.Additions(onOutputs: { outputs in
        let start = Clock.now()
        cache.insert(key, outputs)
        statistics.countCacheMiss(lookup &+ (Clock.now() &- start))
      })
    }
    return scheduler.submit(active)
  }

  /// Takes no more requests; `done` is called when the last is answered.
  func stop(_ done: @escaping @Sendable () -> Void) { scheduler.stop(done) }

  /// Requests accepted and not begun.
  package var pendingCount: Int { scheduler.pendingCount }
}
