import Synchronization

@testable import ApusServing

extension InferenceService {
  /// The one response to a request. Cancelling the task cancels the request.
  func infer(_ request: InferenceRequest) async throws(ServingError) -> InferenceResponse {
    let waiting = RequestWaiter()
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
        waiting.handle = submit(request) { reply in
          switch reply {
          case .response(let response, _): continuation.resume(returning: .success(response))
          case .failure(let error): continuation.resume(returning: .failure(error))
          case .finished:
            continuation.resume(
              returning: .failure(ServingError(.internalFailure, "the model sent no response")))
          }
        }
      }
    } onCancel: {
      waiting.cancel()
    }
    return try result.get()
  }

  private typealias Outcome = Result<InferenceResponse, ServingError>

  /// All replies of a request, in order. The request is cancelled when the stream ends early.
  func replies(to request: InferenceRequest) -> AsyncStream<Reply> {
    AsyncStream { continuation in
      let handle = submit(request) { reply in
        continuation.yield(reply)
        if reply.isFinal { continuation.finish() }
      }
      continuation.onTermination = { reason in
        if case .cancelled = reason { handle.cancel() }
      }
    }
  }
}

/// Joins a request's handle, which comes late, with a cancellation that may come early.
private final class RequestWaiter: Sendable {
  private let state = Mutex<(handle: RequestHandle?, isCancelled: Bool)>((nil, false))

  var handle: RequestHandle? {
    get { state.withLock { $0.handle } }
    set {
      let cancelled = state.withLock { state in
        state.handle = newValue
        return state.isCancelled
      }
      if cancelled { newValue?.cancel() }
    }
  }

  func cancel() {
    let handle = state.withLock { state in
      state.isCancelled = true
      return state.handle
    }
    handle?.cancel()
  }
}

/// The last replies to requests, by the requests' ids.
final class Replies: Sendable {
  private let last = Mutex<[String: Reply]>([:])

  /// Submits a request; it stands in its model's queue, or has left it, when this returns.
  func submit(
    _ request: InferenceRequest, id: String, to service: any InferenceService
  ) -> RequestHandle {
    var request = request
    request.id = id
    return service.submit(request) { [self] reply in last.withLock { $0[id] = reply } }
  }

  subscript(_ id: String) -> Reply? { last.withLock { $0[id] } }

  /// The code that a request failed with; nil where it has not.
  func failure(_ id: String) -> ServingError.Code? {
    guard case .failure(let error)? = self[id] else { return nil }
    return error.code
  }
}
