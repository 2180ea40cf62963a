#if Server
internal import Apus
internal import Foundation

/// Runs asynchronous work from a command, which has a thread of its own.
enum Blocking {
  static func run<Result: Sendable>(
    _ body: @escaping @Sendable () async throws -> Result
  ) throws -> Result {
    let box = ResultBox<Result>()
    let done = DispatchSemaphore(value: 0)
    Task {
      do { box.set(.success(try await body())) } catch { box.set(.failure(error)) }
      done.signal()
    }
    done.wait()
    guard let result = box.get() else {
      throw ApusError(.internalFailure, "the work ended without a result")
    }
    return try result.get()
  }
}
#endif
