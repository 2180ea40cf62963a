internal import ApusModelConfig

/// All of a response but the bytes of its tensors, where that is what most have: no id, no parameters, no shared
/// memory. Front ends keep with it what they wrote for the last response of a client, which mostly is the next
/// one's as well.
package struct ResponseOutline: Sendable {
  private let model: String
  private let version: Int
  private let outputs: [(name: String, type: DataType, shape: [Int], byteCount: Int)]

  /// Nil for a response that has more.
  package init?(_ response: InferenceResponse) {
    guard Self.isPlain(response) else { return nil }
    model = response.model
    version = response.version
    outputs = response.outputs.map {
      ($0.name, $0.tensor.dataType, $0.tensor.shape, $0.tensor.byteCount)
    }
  }

  /// Whether it is the outline of that response.
  package func fits(_ response: InferenceResponse) -> Bool {
    guard Self.isPlain(response), version == response.version, model == response.model,
      outputs.count == response.outputs.count
    else { return false }
    for index in outputs.indices {
      let known = outputs[index]
      let tensor = response.outputs[index].tensor
      guard known.type == tensor.dataType, known.shape == tensor.shape,
        known.byteCount == tensor.byteCount, known.name == response.outputs[index].name
      else { return false }
    }
    return true
  }

  private static func isPlain(_ response: InferenceResponse) -> Bool {
    response.id.isEmpty && response.parameters.isEmpty
      && response.outputs.allSatisfy { $0.destination == nil }
  }
}
