#if Server
internal import ApusModelConfig
internal import ApusServing
internal import ApusTensor

/// Elements of traced tensors as one text.
enum TraceValues {
  /// A trace shows what a tensor is about, not all of it.
  private static let shown = 256

  static func text(_ tensor: ServedTensor) -> String {
    var texts: [String]
    switch tensor.content {
    case .bytes(let strings):
      texts = strings.elements.prefix(shown).map {
        "\"" + String(decoding: $0, as: UTF8.self) + "\""
      }
    case .dense(let dense):
      guard let elements = try? dense.elements() else { return "" }
      switch elements {
      case .real(let values): texts = values.prefix(shown).map { "\($0)" }
      case .signed(let values): texts = values.prefix(shown).map { "\($0)" }
      case .unsigned(let values): texts = values.prefix(shown).map { "\($0)" }
      case .boolean(let values): texts = values.prefix(shown).map { $0 ? "1" : "0" }
      case .text, .complex: texts = []
      }
    }
    if tensor.count > shown { texts.append("...") }
    return texts.joined(separator: ",")
  }
}
#endif
