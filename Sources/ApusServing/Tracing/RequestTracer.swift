internal import Synchronization

/// One traced request, complete.
package struct TraceRecord: Sendable {
  package let id: UInt64
  package let model: String
  package let version: Int
  package let requestID: String
  package let times: RequestTimes
  package let end: UInt64
  /// `HTTP` or `GRPC`.
  package let protocolName: String
  /// When sending the answer began and when nobody held it any more; 0 where there is none.
  package internal(set) var sendStart: UInt64 = 0
  package internal(set) var sendEnd: UInt64 = 0
  /// The trace that the client began (W3C `traceparent`); nil where it began none.
  package let traceParent: String?
  /// The request's inputs; nil unless tensors are traced.
  package let inputs: [NamedTensor]?
  package let settings: TraceSettings
}

/// Chooses requests to trace and hands them on when they are done.
package final class RequestTracer: Sendable {
  private struct State {
    var nextID: UInt64 = 0
    /// Requests seen and traces made, by model.
    var seen: [String: Int] = [:]
    var made: [String: Int] = [:]
  }

  private let state = Mutex(State())
  private let settings: ServerSettings
  private let sink: @Sendable (TraceRecord) -> Void

  /// `sink` is called from threads that run models; it must not block.
  package init(settings: ServerSettings, sink: @escaping @Sendable (TraceRecord) -> Void) {
    self.settings = settings
    self.sink = sink
  }

  /// The trace of a request that is done, to be kept with its answer; nil where it is not traced.
  func finish(
    _ request: ActiveRequest, _ contract: ModelContract, end: UInt64
  ) -> ResponseTrace? {
    guard settings.isTracing else { return nil }
    let rules = settings.trace(model: contract.model)
    guard rules.isOn else { return nil }
    let isTraced = request.request.traceParent != nil && rules.mode == .opentelemetry
    let id = state.withLock { state -> UInt64? in
      state.seen[contract.model, default: 0] += 1
      let place = state.seen[contract.model] ?? 1
      guard isTraced || rules.rate > 0 && place % rules.rate == 0 else { return nil }
      let made = state.made[contract.model] ?? 0
      if rules.count >= 0, made >= rules.count { return nil }
      state.made[contract.model] = made + 1
      state.nextID += 1
      return state.nextID
    }
    guard let id else { return nil }
    return ResponseTrace(
      TraceRecord(
        id: id, model: contract.model, version: contract.version, requestID: request.request.id,
        times: request.times, end: end, protocolName: request.request.protocolName,
        traceParent: request.request.traceParent,
        inputs: rules.levels.contains(.tensors) ? request.prepared.inputs : nil, settings: rules),
      sink)
  }
}

/// Follows an answer to the moment when its front end lets go of it.
final class ResponseTrace: Sendable {
  private let record: TraceRecord
  private let sink: @Sendable (TraceRecord) -> Void
  private let start = Clock.now()

  init(_ record: TraceRecord, _ sink: @escaping @Sendable (TraceRecord) -> Void) {
    self.record = record
    self.sink = sink
  }

  deinit {
    var record = record
    record.sendStart = start
    record.sendEnd = Clock.now()
    sink(record)
  }
}
