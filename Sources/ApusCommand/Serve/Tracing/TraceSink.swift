#if Server
internal import Apus
internal import ApusServing
internal import Foundation
internal import Logging
internal import Synchronization

/// Writes traces: events in a file of JSON, or spans to a collector.
final class TraceSink: Sendable {
  private struct State {
    /// Traces in the file at hand, by the file's name in the settings.
    var written: [String: Int] = [:]
    var files: [String: FileHandle] = [:]
    var isClosed = false
  }

  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "apus-traces")
  private let logger: Logger
  private let exporter: SpanExporter
  /// Of spans that go to the collector.
  let tracer: SpanTracer
  /// Traces that are not yet text or spans, and those that were too many since that was said last.
  private let waiting = Atomic(0)
  private let dropped = Atomic(0)
  private static let mostWaiting = 1 << 16

  init(_ settings: TraceSettings, logger: Logger) {
    self.logger = logger
    let exporter = SpanExporter(settings) { reason in logger.warning("traces are lost: \(reason)") }
    self.exporter = exporter
    tracer = SpanTracer { exporter.add($0) }
  }

  /// Takes a trace over, which becomes text or spans on a thread of its own.
  func add(_ record: TraceRecord) {
    guard waiting.load(ordering: .relaxed) < Self.mostWaiting else {
      dropped.wrappingAdd(1, ordering: .relaxed)
      return
    }
    waiting.wrappingAdd(1, ordering: .relaxed)
    queue.async { [self] in
      waiting.wrappingSubtract(1, ordering: .relaxed)
      switch record.settings.mode {
      case .opentelemetry: RequestSpans.record(record, with: tracer)
      case .triton: write(record)
      }
      let lost = dropped.exchange(0, ordering: .relaxed)
      if lost > 0 {
        logger.warning("traces are lost: \(lost) came faster than they could be written")
      }
    }
  }

  /// Writes what is still to be written.
  func close() async {
    await withCheckedContinuation { continuation in
      queue.async { [self] in
        state.withLock { state in
          for handle in state.files.values {
            try? handle.write(contentsOf: Data("]".utf8))
            try? handle.close()
          }
          state.files = [:]
          state.isClosed = true
        }
        continuation.resume()
      }
    }
    await exporter.close()
  }

  private func write(_ record: TraceRecord) {
    let failure: String? = state.withLock { state in
      let name = record.settings.file
      // A client may turn traces on in a server that was started without a file for them.
      guard !state.isClosed else { return nil }
      guard !name.isEmpty else {
        return "the server was started without --trace-config=triton,file=PATH"
      }
      let count = state.written[name] ?? 0
      let frequency = record.settings.logFrequency
      // A file of so many traces, then the next: trace.json.0, trace.json.1 ...
      let path = frequency > 0 ? "\(name).\(count / frequency)" : name
      do {
        let handle = try Self.file(path, name, &state)
        let isFirst = try handle.offset() == 0
        try handle.write(contentsOf: Data((isFirst ? "[" : ",").utf8))
        try handle.write(contentsOf: Data(TraceEvents.json(record).utf8))
        state.written[name] = count + 1
        return nil
      } catch { return "\(error)" }
    }
    if let failure { logger.warning("traces are lost: \(failure)") }
  }

  private static func file(
    _ path: String, _ name: String, _ state: inout State
  ) throws -> FileHandle {
    if let handle = state.files[path] { return handle }
    for (other, handle) in state.files where other.hasPrefix(name) {
      try handle.write(contentsOf: Data("]".utf8))
      try handle.close()
      state.files[other] = nil
    }
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let handle = FileHandle(forWritingAtPath: path)
    else {
      throw ApusError(.invalidInput, "the file of traces cannot be written", location: path)
    }
    state.files[path] = handle
    return handle
  }
}
#endif
