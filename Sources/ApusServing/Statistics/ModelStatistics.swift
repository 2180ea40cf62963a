internal import ApusServingSchema
internal import CApusPlatform
internal import Synchronization

/// What a version of a model has done since it was loaded. Counted before the answer leaves, so that a
/// client that asks afterwards sees its own requests.
package final class ModelStatistics: Sendable {
  /// How often, and how long in all.
  package struct Duration: Sendable {
    package var count: UInt64 = 0
    package var nanoseconds: UInt64 = 0

    mutating func add(_ time: UInt64, count: UInt64 = 1) {
      self.count += count
      nanoseconds &+= time
    }

    var message: Inference_StatisticDuration {
      var message = Inference_StatisticDuration()
      message.count = count
      message.ns = nanoseconds
      return message
    }
  }

  package struct Batch: Sendable {
    var input = Duration()
    var infer = Duration()
    var output = Duration()
  }

  /// Of one response of decoupled models, by its place.
  struct Response: Sendable {
    var infer = Duration()
    var output = Duration()
    var success = Duration()
    var fail = Duration()
    var empty = Duration()
    var cancel = Duration()
  }

  /// What became of one response of a decoupled model.
  enum ResponseOutcome: Hashable, Sendable {
    case success, failure, cancellation
    /// It held no outputs.
    case empty
  }

  package struct Counters: Sendable {
    /// Milliseconds since 1970 of the last request; 0 before the first.
    package var lastInference: UInt64 = 0
    /// Items of successful requests.
    package var inferences: UInt64 = 0
    package var executions: UInt64 = 0
    package var success = Duration()
    package var failure = Duration()
    package var queue = Duration()
    package var input = Duration()
    package var infer = Duration()
    package var output = Duration()
    package var cacheHit = Duration()
    package var cacheMiss = Duration()
    package var failures: [FailureReason: UInt64] = [:]
    package var batches: [Int: Batch] = [:]
    var responses: [Int: Response] = [:]
    package var requestHistogram = Histogram()
    package var queueHistogram = Histogram()
    package var inputHistogram = Histogram()
    package var inferHistogram = Histogram()
    package var outputHistogram = Histogram()
    package var firstResponseHistogram = Histogram()
  }

  private let counters = Mutex(Counters())

  package init() {}

  package var current: Counters { counters.withLock { $0 } }

  /// An execution that ran `size` items, its own times once.
  func countExecution(size: Int, _ times: RequestTimes) {
    counters.withLock { counters in
      counters.executions += 1
      var batch = counters.batches[size] ?? Batch()
      batch.input.add(Self.span(times.computeStart, times.inputEnd))
      batch.infer.add(Self.span(times.inputEnd, times.outputStart))
      batch.output.add(Self.span(times.outputStart, times.computeEnd))
      counters.batches[size] = batch
    }
  }

  /// A request that was answered; `items` is the size of its batch dimension.
  /// Where it has one response, `isFirst`, that is the first one as well.
  func countSuccess(items: Int, _ times: RequestTimes, end: UInt64, isFirst: Bool = false) {
    counters.withLock { counters in
      if isFirst { counters.firstResponseHistogram.add(end &- times.arrival) }
      counters.lastInference = apus_clock_wall() / 1_000_000
      counters.inferences += UInt64(items)
      let total = Self.span(times.arrival, end)
      let queue = Self.span(times.queueStart, times.computeStart)
      let input = Self.span(times.computeStart, times.inputEnd)
      let infer = Self.span(times.inputEnd, times.outputStart)
      let output = Self.span(times.outputStart, times.computeEnd)
      counters.success.add(total)
      counters.queue.add(queue)
      counters.input.add(input)
      counters.infer.add(infer)
      counters.output.add(output)
      counters.requestHistogram.add(total)
      counters.queueHistogram.add(queue)
      counters.inputHistogram.add(input)
      counters.inferHistogram.add(infer)
      counters.outputHistogram.add(output)
    }
  }

  /// A request answered from the response cache.
  func countCacheHit(arrival: UInt64, lookup: UInt64, end: UInt64) {
    counters.withLock { counters in
      counters.lastInference = apus_clock_wall() / 1_000_000
      counters.success.add(Self.span(arrival, end))
      counters.requestHistogram.add(Self.span(arrival, end))
      counters.cacheHit.add(lookup)
    }
  }

  func countCacheMiss(_ nanoseconds: UInt64) {
    counters.withLock { $0.cacheMiss.add(nanoseconds) }
  }

  func countFailure(_ reason: FailureReason, arrival: UInt64, end: UInt64) {
    counters.withLock { counters in
      counters.lastInference = apus_clock_wall() / 1_000_000
      counters.failure.add(Self.span(arrival, end))
      counters.failures[reason, default: 0] += 1
    }
  }

  func countFirstResponse(_ nanoseconds: UInt64) {
    counters.withLock { $0.firstResponseHistogram.add(nanoseconds) }
  }

  /// The response number `index` of a decoupled request, `infer` nanoseconds after the last one; `output`
  /// is what making and sending it took, nil where it came to none.
  func countResponse(_ index: Int, _ outcome: ResponseOutcome, infer: UInt64, output: UInt64?) {
    // Clients name no bound for the number of responses.
    guard index < 1024 else { return }
    counters.withLock { counters in
      var response = counters.responses[index] ?? Response()
      let time = infer &+ (output ?? 0)
      switch outcome {
      case .success: response.success.add(time)
      case .failure: response.fail.add(time)
      case .empty: response.empty.add(time)
      case .cancellation: response.cancel.add(time)
      }
      if outcome != .cancellation {
        response.infer.add(infer)
        if let output { response.output.add(output) }
      }
      counters.responses[index] = response
    }
  }

  private static func span(_ start: UInt64, _ end: UInt64) -> UInt64 {
    end > start ? end - start : 0
  }

  /// The message of both protocols.
  func message(model: String, version: Int, memory: Int) -> Inference_ModelStatistics {
    let counters = current
    var message = Inference_ModelStatistics()
    message.name = model
    message.version = "\(version)"
    message.lastInference = counters.lastInference
    message.inferenceCount = counters.inferences
    message.executionCount = counters.executions
    var statistics = Inference_InferStatistics()
    statistics.success = counters.success.message
    statistics.fail = counters.failure.message
    statistics.queue = counters.queue.message
    statistics.computeInput = counters.input.message
    statistics.computeInfer = counters.infer.message
    statistics.computeOutput = counters.output.message
    statistics.cacheHit = counters.cacheHit.message
    statistics.cacheMiss = counters.cacheMiss.message
    message.inferenceStats = statistics
    message.batchStats = counters.batches.sorted { $0.key < $1.key }.map { size, batch in
      var statistics = Inference_InferBatchStatistics()
      statistics.batchSize = UInt64(size)
      statistics.computeInput = batch.input.message
      statistics.computeInfer = batch.infer.message
      statistics.computeOutput = batch.output.message
      return statistics
    }
    for (index, response) in counters.responses {
      var statistics = Inference_InferResponseStatistics()
      statistics.computeInfer = response.infer.message
      statistics.computeOutput = response.output.message
      statistics.success = response.success.message
      statistics.fail = response.fail.message
      statistics.emptyResponse = response.empty.message
      statistics.cancel = response.cancel.message
      message.responseStats["\(index)"] = statistics
    }
    var usage = Inference_MemoryUsage()
    usage.type = "CPU"
    usage.byteSize = UInt64(max(memory, 0))
    message.memoryUsage = [usage]
    return message
  }
}
