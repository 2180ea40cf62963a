package import ApusModelConfig
package import ApusServingSchema

/// A model in memory, ready to make instances. Loaders make it; the repository owns it.
package protocol ServableModel: AnyObject, Sendable {
  /// Types of inputs and outputs with the batch dimension, where the model has one.
  var signature: ModelSignature { get }
  /// Memory that weights take, in bytes.
  var memoryByteCount: Int { get }
  /// Lines for the log, such as why an engine was rebuilt.
  var notes: [String] { get }
  /// Makes what one thread runs the model by.
  func makeInstance() throws(ServingError) -> ModelInstance
}

/// What one thread runs a model by; instances of a model run side by side.
package enum ModelInstance {
  /// Computes outputs of joined requests.
  case batched(any BatchedInstance)
  /// Answers single requests any number of times.
  case decoupled(any DecoupledInstance)
}

/// Computes a batch. One thread at a time.
package protocol BatchedInstance: AnyObject {
  /// Blocks until the outputs are there. Inputs carry the batch dimension where the model has one;
  /// outputs are all of `signature`, or those of `outputs` where it is not empty. `parameters` are those
  /// of the request where a batch is a single one, and `handle` tells when nobody waits for that any
  /// more: the run may then end early, with an error of code `cancelled`.
  func run(
    _ inputs: [NamedTensor], outputs: Set<String>, parameters: [String: ParameterValue],
    handle: RequestHandle?
  ) throws(ServingError) -> [NamedTensor]
}

/// Answers a request with any number of responses. One thread at a time.
package protocol DecoupledInstance: AnyObject {
  /// Blocks until all responses are sent. `send` answers whether the client still listens; `handle` tells
  /// when it ceases to, between responses as well.
  func run(
    _ inputs: [NamedTensor], parameters: [String: ParameterValue], handle: RequestHandle?,
    send: ([NamedTensor]) -> Bool
  ) throws(ServingError)
}

/// What a loader is given.
package struct ModelSource: Sendable {
  package let name: String
  package let version: Int
  /// The version's directory, without a slash at its end.
  package let directory: String
  /// The model's file or directory in `directory`.
  package let path: String
  package let config: Inference_ModelConfig

  package init(
    name: String, version: Int, directory: String, path: String, config: Inference_ModelConfig
  ) {
    self.name = name
    self.version = version
    self.directory = directory
    self.path = path
    self.config = config
  }
}

/// Makes models of files. Called from threads that may block, several at a time.
package protocol ModelLoader: Sendable {
  func load(_ source: ModelSource) throws(ServingError) -> any ServableModel
}
