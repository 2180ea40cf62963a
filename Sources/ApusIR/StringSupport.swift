package import ApusTensor

extension HostTensor {
  /// The elements of a string tensor.
  package func decodedTexts() throws(EvaluationError) -> [String] {
    guard case .text(let texts) = try decoded() else {
      throw .type(.element(operand: "operand", found: element, allowed: [.string]))
    }
    return texts
  }

  /// A tensor of strings, with the evaluator's error type.
  package static func make(
    texts: [String], shape: [Int]
  ) throws(EvaluationError) -> HostTensor {
    do { return try HostTensor(texts: texts, shape: shape) } catch { throw .tensor(error) }
  }
}

/// A string that equals another only where their UTF-8 bytes do: Swift's own equality holds for
/// canonically equivalent texts too, ONNX compares bytes.
package struct ByteText: Hashable, Sendable {
  package let text: String

  package init(_ text: String) { self.text = text }

  package static func == (left: ByteText, right: ByteText) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
  }
}
