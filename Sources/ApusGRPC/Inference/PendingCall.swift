#if Server
internal import ApusServing
internal import Synchronization

/// A request whose only answer a call waits for. The answer, the handle and a cancellation may come in
/// any order and from any thread.
final class PendingCall: Sendable {
  typealias Outcome = Result<InferenceResponse, ServingError>

  private struct State {
    var handle: RequestHandle?
    var isCancelled = false
    var outcome: Outcome?
    var continuation: CheckedContinuation<Outcome, Never>?
  }

  private let state = Mutex(State())

  /// Takes the request's replies; the first counts.
  func take(_ reply: Reply) {
    let outcome: Outcome =
      switch reply {
      case .response(let response, _): .success(response)
      case .failure(let error): .failure(error)
      case .finished:
        .failure(ServingError(.internalFailure, "the model sent no response"))
      }
    let waiting = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
      guard state.outcome == nil else { return nil }
      state.outcome = outcome
      guard let continuation = state.continuation else { return nil }
      state.continuation = nil
      return continuation
    }
    waiting?.resume(returning: outcome)
  }

  func attach(_ handle: RequestHandle) {
    let isCancelled = state.withLock { state in
      state.handle = handle
      return state.isCancelled
    }
    if isCancelled { handle.cancel() }
  }

  func cancel() {
    let handle = state.withLock { state in
      state.isCancelled = true
      return state.handle
    }
    handle?.cancel()
  }

  /// Waits for the answer. Call once.
  func outcome() async -> Outcome {
    await withCheckedContinuation { continuation in
      let outcome = state.withLock { state -> Outcome? in
        if state.outcome == nil { state.continuation = continuation }
        return state.outcome
      }
      if let outcome { continuation.resume(returning: outcome) }
    }
  }
}
#endif
