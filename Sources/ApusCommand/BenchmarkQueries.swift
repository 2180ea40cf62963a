internal import Apus
internal import ApusRuntime
internal import ApusTensor
internal import CApusPlatform
internal import Foundation
internal import Synchronization

/// Runs queries on one or more sessions at once and records their times.
struct BenchmarkQueries: Sendable {
  let engine: Engine
  let inputs: [HostTensor]
  let options: SessionOptions
  let idleMilliseconds: Double
  /// The model's file, for errors.
  let path: String

  /// Runs each stream for `seconds`, and all together at least `count` queries.
  func run(
    streams: Int, seconds: Double, atLeast count: Int, phase: String
  ) throws -> (times: [QueryTime], wall: Double) {
    let share = (count + streams - 1) / streams
    let results = StreamResults()
    let progress = Progress()
    let start = apus_clock_monotonic()
    let last = DispatchSemaphore(value: 0)
    for _ in 1..<max(streams, 1) {
      let thread = Thread {
        stream(since: start, seconds: seconds, share: share, into: results, progress: nil)
        last.signal()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    stream(
      since: start, seconds: seconds, share: share, into: results, progress: (progress, phase))
    for _ in 1..<max(streams, 1) { last.wait() }
    let wall = Double(apus_clock_monotonic() - start) / 1e9
    progress.finish()
    if let failure = results.failure {
      let error = Models.boundary(failure, path)
      guard error.code == .invalidInput else { throw error }
      throw ApusError(
        .invalidInput, error.message, location: error.location,
        hint: "--shapes chooses other shapes, --loadInputs=NAME:FILE other values than random ones")
    }
    return (results.times.sorted { $0.start < $1.start }, wall)
  }

  private func stream(
    since start: UInt64, seconds: Double, share: Int, into results: StreamResults,
    progress: (Progress, String)?
  ) {
    let session = engine.makeSession(options)
    var times: [QueryTime] = []
    while true {
      let begin = apus_clock_monotonic()
      let elapsed = Double(begin - start) / 1e9
      if times.count >= share, elapsed >= seconds { break }
      if results.failure != nil { break }
      if let (progress, phase) = progress {
        progress.report(phase, Int(elapsed * 10), max(Int(seconds * 10), 1))
      }
      let queried = apus_clock_monotonic()
      do { _ = try session.run(ordered: inputs) } catch {
        results.fail(error)
        break
      }
      let end = apus_clock_monotonic()
      times.append(
        QueryTime(start: Double(queried - start) / 1e6, end: Double(end - start) / 1e6))
      if idleMilliseconds > 0 { Thread.sleep(forTimeInterval: idleMilliseconds / 1000) }
    }
    results.add(times)
  }
}

/// What streams report, from any thread.
private final class StreamResults: Sendable {
  private struct State {
    var times: [QueryTime] = []
    var failure: RuntimeError?
  }

  private let state = Mutex(State())

  var times: [QueryTime] { state.withLock { $0.times } }
  var failure: RuntimeError? { state.withLock { $0.failure } }
  func add(_ times: [QueryTime]) { state.withLock { $0.times += times } }
  func fail(_ error: RuntimeError) { state.withLock { $0.failure = $0.failure ?? error } }
}
