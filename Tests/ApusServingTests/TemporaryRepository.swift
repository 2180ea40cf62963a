import ApusModelConfig
import ApusServingSchema
import ApusTensor
import Testing

@testable import ApusServing

/// A model repository on disk that a test fills, removed with it.
final class TemporaryRepository: Sendable {
  private let folder: TemporaryDirectory
  var path: String { folder.path }

  init() throws { folder = try TemporaryDirectory() }

  func write(_ text: String, to name: String) throws {
    try folder.write(Array(text.utf8), to: name)
  }

  /// A model of the identity backend with one version.
  func addIdentity(_ name: String, _ extra: String = "", batch: Int = 8) throws {
    try write(
      """
      backend: "identity"
      max_batch_size: \(batch)
      input { name: "IN" data_type: TYPE_INT32 dims: [ -1 ] }
      output { name: "OUT" data_type: TYPE_INT32 dims: [ -1 ] }
      \(extra)
      """, to: "\(name)/config.pbtxt")
    try write("", to: "\(name)/1/empty")
  }

  /// A decoupled model, from IN to OUT.
  func addSquare(_ name: String) throws {
    try write(
      """
      backend: "square"
      input { name: "IN" data_type: TYPE_INT32 dims: [ 1 ] }
      output { name: "OUT" data_type: TYPE_INT32 dims: [ 1 ] }
      model_transaction_policy { decoupled: true }
      """, to: "\(name)/config.pbtxt")
    try write("", to: "\(name)/1/empty")
  }

  func remove(_ name: String) throws {
    try FileSystem.removeDirectory(FileSystem.join(path, name))
  }

  func server(
    _ control: RepositoryOptions.Control = .none,
    _ change: (inout ServerOptions) -> Void = { _ in }
  ) throws -> InferenceServer {
    var repository = RepositoryOptions(paths: [path])
    repository.control = control
    var options = ServerOptions(version: "test", repository: repository)
    change(&options)
    return try InferenceServer(
      options, loader: NoLoader(), settings: ServerSettings(), note: { _ in })
  }

  /// The tests' models need no files.
  private struct NoLoader: ModelLoader {
    func load(_ source: ModelSource) throws(ServingError) -> any ServableModel {
      throw ServingError(.unsupported, "no files are loaded here")
    }
  }
}

/// A vector of integers, with a batch dimension.
func integers(_ values: [Int], batch: Int = 1) throws -> ServedTensor {
  let host = try HostTensor(
    .int32, shape: [batch, values.count / batch], .signed(values.map { Int64($0) }))
  return try #require(ServedTensor(host))
}

extension InferenceRequest {
  init(_ model: String, _ values: [Int], batch: Int = 1, input: String = "IN") throws {
    self.init(model: model, inputs: [NamedTensor(input, try integers(values, batch: batch))])
  }
}

extension InferenceResponse {
  func integers(_ output: String) -> [Int]? {
    outputs.first { $0.name == output }?.tensor.integers
  }
}
