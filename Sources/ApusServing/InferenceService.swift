package import ApusServingSchema

/// What front ends ask the server for. `InferenceServer` is the one; tests of front ends have others.
///
/// Answers that both protocols give alike are the messages of `grpc_service.proto`.
package protocol InferenceService: Sendable {
  /// Whether the process answers at all; never depends on models.
  var isLive: Bool { get }
  /// Whether clients should send requests: false while models load at the start, while a model has
  /// failed under strict readiness, and from the first moment of a shutdown.
  var isReady: Bool { get }
  /// Throws `notFound` for a model that the repositories do not hold. Nil is the newest version.
  func isReady(model: String, version: Int?) throws(ServingError) -> Bool

  /// The server's name, version and extensions of the protocol.
  var metadata: Inference_ServerMetadataResponse { get }
  /// Inputs and outputs of a model and the versions that serve. Throws where none is ready.
  func metadata(
    model: String, version: Int?
  ) throws(ServingError) -> Inference_ModelMetadataResponse
  /// The configuration in use, completed and with defaults filled in.
  func config(model: String, version: Int?) throws(ServingError) -> Inference_ModelConfig
  /// Of all models that are ready where `model` is nil, else of one, of all its versions or one.
  func statistics(
    model: String?, version: Int?
  ) throws(ServingError) -> [Inference_ModelStatistics]

  func index(onlyReady: Bool) throws(ServingError) -> [Inference_RepositoryIndexResponse.ModelIndex]
  /// Returns when the model is ready; the version that was served goes on until then.
  func load(model: String, _ override: LoadOverride) async throws(ServingError)
  /// Returns at once; requests in flight are finished.
  func unload(model: String, withDependents: Bool) async throws(ServingError)

  /// Starts a request. `reply` is called from any thread, once or, where the request accepts many
  /// responses, until a reply that is final; it must not block. Failures are replies as well.
  @discardableResult
  func submit(
    _ request: InferenceRequest, reply: @escaping @Sendable (Reply) -> Void
  ) -> RequestHandle

  /// Regions that clients have registered.
  var sharedMemory: SharedMemoryRegistry { get }
  /// Settings of logs and traces that clients may read and change.
  var settings: ServerSettings { get }

  /// The metrics in Prometheus' text format.
  func metrics() -> String
}

extension InferenceService {
  /// Throws where a model is not there or not ready, in the words that clients know of settings of traces.
  package func requireReady(model: String) throws(ServingError) {
    var code = ServingError.Code.invalidArgument
    do throws(ServingError) {
      if try isReady(model: model, version: nil) { return }
    } catch { code = error.code }
    throw ServingError(code, "Request for unknown model : \(model)")
  }
}
