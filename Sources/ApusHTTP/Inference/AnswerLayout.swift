#if Server
internal import ApusServing

/// In which form a client wants the outputs.
struct AnswerLayout: Hashable, Sendable {
  /// What the client says of an output.
  struct Output: Hashable, Sendable {
    let name: String
    let isBinary: Bool
  }

  /// What holds for outputs that say nothing.
  var isBinary = false
  /// Outputs that say; they are few.
  var ofOutput: [Output] = []

  func isBinary(_ output: String) -> Bool {
    ofOutput.first { $0.name == output }?.isBinary ?? isBinary
  }
}

/// A request for inference together with the form of its answer.
struct InferenceCall: Sendable {
  var request: InferenceRequest
  var layout = AnswerLayout()
}
#endif
